"""A 403 of Vault, told apart: a dead session is replaced once, a denying policy is the trouble of one connection."""

from operator import gt

from tests.support.places.daemon_role import DaemonRole
from tests.support.places.site import BRISK, Site
from zoho_simulator.faults import delayed


def test_a_session_that_was_revoked_is_replaced_by_one_login_and_every_connection_goes_on(brisk_site: Site) -> None:
    names = [f"crm-{number}" for number in range(6)]
    for name in names:
        brisk_site.connect(name)
    role = DaemonRole(brisk_site.corner)
    with brisk_site.daemon(**role.settings, **BRISK) as daemon:
        daemon.until(lambda: all(map(brisk_site.has_token, names)), "every connection has a token")
        assert daemon.metric("vault_logins_total", method="approle", outcome="success") == 1
        role.revoke_all_tokens()
        before = [brisk_site.versions(name) for name in names]
        daemon.until(lambda: all(map(gt, map(brisk_site.versions, names), before)), "every connection is refreshed")
        assert daemon.metric("vault_logins_total", method="approle") == 2
        assert daemon.metric("refreshes_total", outcome="vault_forbidden") == 0
        daemon.stop()
    assert not role.has_logins()


def test_a_policy_that_denies_one_token_record_costs_zoho_nothing_and_the_others_nothing(site: Site) -> None:
    site.connect("denied")
    site.connect("crm-prod")
    site.corner.forbid("tokens/denied")
    with site.daemon() as daemon:
        denied = daemon.until_state("denied", "misconfigured")
        assert "Vault's policy denies" in str(denied["error"])
        assert "tokens/denied" in str(denied["error"])
        daemon.until_state("crm-prod", "fresh")
        assert len(site.zoho.journal.requests()) == 1
        assert daemon.is_ready()
        site.corner.allow("tokens/denied")
        daemon.until_state("denied", "fresh")


def test_a_policy_that_is_narrowed_under_the_daemon_is_the_trouble_of_that_connection_alone(brisk_site: Site) -> None:
    for name in ("denied", "crm-prod"):
        brisk_site.connect(name)
    role = DaemonRole(brisk_site.corner)
    with brisk_site.daemon(**role.settings, **BRISK) as daemon:
        daemon.until_state("denied", "fresh")
        brisk_site.corner.forbid("credentials/denied")
        denied = daemon.until_state("denied", "misconfigured")
        assert "policy denies read" in str(denied["error"])
        version = brisk_site.versions("crm-prod")
        daemon.until(lambda: brisk_site.versions("crm-prod") > version, "crm-prod is refreshed again")
        assert daemon.metric("vault_logins_total", method="approle") == 1
        brisk_site.corner.allow("credentials/denied")
        daemon.until_state("denied", "fresh")


def test_a_token_that_a_narrowed_policy_keeps_out_is_held_and_not_issued_again(site: Site) -> None:
    site.connect("denied")
    site.zoho.fault(delayed(8))
    with site.daemon() as daemon:
        daemon.until(site.zoho.journal.requests, "Zoho is asked")
        site.corner.forbid("tokens/denied")
        denied = daemon.until_state("denied", "unsaved")
        assert "Vault's policy denies" in str(denied["error"])
        assert daemon.metric("unsaved_tokens") == 1
        site.corner.allow("tokens/denied")
        daemon.until_state("denied", "fresh")
        assert daemon.metric("unsaved_tokens") == 0
    assert len(site.zoho.journal.requests()) == site.versions("denied") == 1
