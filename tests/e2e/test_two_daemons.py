"""Two daemons on one Vault, by accident: jobs notice nothing of it."""

from tests.site import BRISK, Site

CONNECTIONS = [f"crm-{number}" for number in range(4)]
VERSIONS = 4


def test_two_daemons_on_one_vault_never_put_an_earlier_expiry_over_a_later_one_and_both_go_on(
    brisk_site: Site,
) -> None:
    for name in CONNECTIONS:
        brisk_site.connect(name)
    with brisk_site.daemon(**BRISK) as one, brisk_site.daemon(**BRISK) as other:
        one.until(lambda: all(brisk_site.versions(name) >= VERSIONS for name in CONNECTIONS), "there are versions")
        conflicts = sum(daemon.metric("cas_conflicts_total") for daemon in (one, other))
        assert conflicts > 0, "they never met, so this shows nothing"
        for daemon in (one, other):
            assert daemon.is_ready()
            assert daemon.metric("connections", state="fresh") + daemon.metric("connections", state="refreshing") == 4
            assert daemon.metric("refreshes_total", outcome="adopted") + daemon.metric(
                "refreshes_total", outcome="success"
            ) == daemon.metric("refreshes_total")
            daemon.stop()
    for name in CONNECTIONS:
        expiries = [str(record["expires_at"]) for record in brisk_site.token_versions(name)]
        assert len(expiries) >= VERSIONS
        assert expiries == sorted(expiries), name
