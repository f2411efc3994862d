"""Two daemons on one Vault, by accident: jobs notice nothing of it."""

from tests.support.places.site import BRISK, Site
from tests.support.servers.relay_in_thread import relay_in_thread
from zoho_simulator.faults import delayed
from zoho_tokend.core.errors import Outcome

CONNECTIONS = [f"crm-{number}" for number in range(4)]
VERSIONS = 3
FAILURES = set(Outcome) - {Outcome.SUCCESS, Outcome.ADOPTED}


def test_two_daemons_on_one_vault_both_go_on_and_no_record_goes_back_to_an_earlier_expiry(brisk_site: Site) -> None:
    for name in CONNECTIONS:
        brisk_site.connect(name)
    with brisk_site.daemon(**BRISK) as one, brisk_site.daemon(**BRISK) as other:
        one.until(lambda: all(brisk_site.versions(name) >= VERSIONS for name in CONNECTIONS), "there are versions")
        conflicts = sum(daemon.metric("cas_conflicts_total") for daemon in (one, other))
        assert conflicts > 0, "they never met, so this shows nothing"
        for daemon in (one, other):
            assert daemon.is_ready()
            failed = {outcome: daemon.metric("refreshes_total", outcome=outcome) for outcome in FAILURES}
            assert not any(failed.values()), failed
            daemon.stop()
    for name in CONNECTIONS:
        expiries = [str(record["expires_at"]) for record in brisk_site.token_versions(name)]
        assert expiries == sorted(expiries), name


def test_a_token_that_comes_late_does_not_take_the_place_of_one_that_lives_longer(site: Site) -> None:
    site.connect("crm-prod")
    site.zoho.fault(delayed(8))
    with relay_in_thread(site.corner.address) as relay, site.daemon(VAULT_ADDR=relay.address) as cut_off:
        cut_off.until(site.zoho.journal.requests, "Zoho is asked")
        relay.cut()
        cut_off.until_state("crm-prod", "unsaved")
        with site.daemon() as other:
            other.until_state("crm-prod", "fresh")
            later = site.token("crm-prod")
        relay.mend()
        assert cut_off.until_state("crm-prod", "fresh")["expires_at"] == later["expires_at"]
        assert cut_off.metric("refreshes_total", outcome="adopted") == 1
    assert site.token_versions("crm-prod") == [later]
