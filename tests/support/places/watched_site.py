"""A daemon with three connections, watched by a real Prometheus with the rules as they are shipped."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.monitoring.prometheus_rule import RULES
from tests.support.places.site import a_site
from tests.support.processes.process import Daemon
from tests.support.servers.openbao import Corner
from tests.support.servers.prometheus import Prometheus, a_prometheus
from zoho_simulator.faults import always, error

JOB: Final = "zoho-tokend"


@dataclass(frozen=True)
class Watched:
    """What is watched, and who watches it."""

    daemon: Daemon
    prometheus: Prometheus


@contextmanager
def a_watched_site(corner: Corner, folder: Path) -> Iterator[Watched]:
    """It has been scraped several times, so that every rate has a value."""
    with a_site(corner, folder) as site:
        site.connect("crm-prod")
        site.connect("sales")
        site.zoho.fault(always(error("general_error")), refresh_token=site.connect("unlucky"))
        with site.daemon() as daemon, a_prometheus(folder, RULES.read_text()) as prometheus:
            daemon.until_state("crm-prod", "fresh")
            prometheus.scrape(JOB, daemon.address)
            prometheus.until(lambda: _scrapes(prometheus) > 3, "it has scraped several times")
            yield Watched(daemon, prometheus)


def _scrapes(prometheus: Prometheus) -> float:
    return next((sample.value for sample in prometheus.ask("count_over_time(zoho_tokend_build_info[5m])")), 0)
