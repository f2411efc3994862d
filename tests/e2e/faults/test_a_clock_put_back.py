"""A wall clock that is put back does not silence the daemon, whose ticks come from a scheduler that goes by it."""

from tests.reliability.surroundings import WallClock
from tests.support.places.site import Site
from tests.support.processes.process import running

HOUR = 3600


def test_a_daemon_whose_clock_is_put_back_goes_on_discovering_and_refreshing(site: Site) -> None:
    clock = WallClock(site.folder)
    folder = site.folder / "daemon"
    folder.mkdir()
    with running(site.environment(), folder, clock.launcher) as daemon:
        daemon.until_ready()
        clock.step(-HOUR)
        site.connect("crm-prod")
        daemon.until_state("crm-prod", "fresh")
        daemon.stop()
