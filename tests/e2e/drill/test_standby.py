"""A leader and its standby, two real processes: what both know is told once, and goes on when they change places."""

from deploy.monitoring.prometheus_rule import RULES
from tests.support.places.drill_faults import elected
from tests.support.places.drill_place import Place
from tests.support.places.site import Site
from tests.support.servers.prometheus import a_prometheus, hurried

BROKEN = "ZohoConnectionMisconfigured"


def test_a_broken_connection_is_told_once_before_and_after_a_change_of_the_leader(site: Site) -> None:
    with a_prometheus(site.folder, hurried(RULES.read_text())) as prometheus:
        place = Place(site, prometheus, "zoho-tokend")
        try:
            elected(place)
            place.connect()
            site.connect("broken", client_secret="")
            place.start()
            place.start()
            place.until_firing(BROKEN)
            assert place.tells_of(BROKEN) == 1
            place.stop_first()
            prometheus.until(
                lambda: [each for each in prometheus.ask("zoho_tokend_leader == 1") if each.labels["job"] == place.job],
                "the standby leads",
            )
            place.until_firing(BROKEN)
            assert place.tells_of(BROKEN) == 1
            assert place.tells_of("ZohoTokendTwoLeaders") == 0
        finally:
            place.close()
