"""What a new process knows of the one before: it reads it in Vault, and Zoho is not asked for it."""

from tests.support.places.site import BRISK, Site

SPARING = BRISK | {"ISSUES_PER_TEN_MINUTES": "2", "LOG_LEVEL": "debug"}


def test_a_new_process_asks_nothing_of_zoho_while_the_tokens_are_fresh(site: Site) -> None:
    site.connect("crm-prod")
    site.connect("crm-us", data_center="us")
    for _ in range(2):
        with site.daemon() as daemon:
            for name in ("crm-prod", "crm-us"):
                daemon.until_state(name, "fresh")
            daemon.stop()
    assert len(site.zoho.journal.requests()) == 2
    assert site.versions("crm-prod") == site.versions("crm-us") == 1


def test_a_new_process_remembers_how_much_of_the_budget_is_spent(brisk_site: Site) -> None:
    brisk_site.connect("crm-prod")
    with brisk_site.daemon(**SPARING) as daemon:
        daemon.until(lambda: brisk_site.versions("crm-prod") == 2, "crm-prod was refreshed twice")
        daemon.stop()
    with brisk_site.daemon(**SPARING) as daemon:
        daemon.until_told("refresh.deferred", connection="crm-prod", reason="budget")
        assert daemon.connection("crm-prod")["budget_remaining"] == 0
        daemon.stop()
    assert len(brisk_site.zoho.journal.requests()) == 2
