"""What a refresh costs, counted by the daemon, by Zoho and by Vault's versions alike."""

from tests.support.places.site import BRISK, Site

CONNECTIONS = [f"crm-{number}" for number in range(8)]
ISSUES_EACH = 3
REFRESHES = len(CONNECTIONS) * ISSUES_EACH


def test_a_refresh_costs_one_request_to_zoho_one_read_and_one_write(brisk_site: Site) -> None:
    for name in CONNECTIONS:
        brisk_site.connect(name)
    # The budget brings everything to rest after exactly so many refreshes, and the discovery looks once.
    settings = BRISK | {"ISSUES_PER_TEN_MINUTES": str(ISSUES_EACH), "DISCOVERY_INTERVAL": "1h"}
    with brisk_site.daemon(**settings) as daemon:
        daemon.until(lambda: daemon.metric("refreshes_total") == REFRESHES, f"there were {REFRESHES} refreshes")
        assert daemon.metric("refreshes_total", outcome="success") == REFRESHES
        assert daemon.metric("zoho_requests_total") == len(brisk_site.zoho.journal.requests()) == REFRESHES
        assert sum(brisk_site.versions(name) for name in CONNECTIONS) == REFRESHES
        # Discovery reads each credential and each token record once.
        assert daemon.metric("vault_requests_total", operation="read") == REFRESHES + 2 * len(CONNECTIONS)
        assert daemon.metric("vault_requests_total", operation="write") == REFRESHES
        assert daemon.metric("cas_conflicts_total") == 0
