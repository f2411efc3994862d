"""One of two daemons is killed at every await of its way to the lead and through it; the other takes its place."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.crash_points.enumeration import Trial, killed_at_each_moment
from tests.crash_points.forked import Death, Forked
from tests.e2e.crash_points.conftest import NewSite
from tests.e2e.crash_points.test_a_refresh import CRM, DUE, assert_nothing_is_lost, has_settled
from tests.support.places.site import Site
from tests.support.samples.reader_samples import ago, record_fields
from tests.support.servers.cluster import Cluster, a_cluster

WORK = "Elector.run"
ELECTION = {
    "LEADER_ELECTION": "kubernetes",
    "LEASE_DURATION": "4s",
    "RENEW_DEADLINE": "2s",
    "RETRY_PERIOD": "1s",
}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with a_cluster() as cluster:
        yield cluster


@pytest.mark.timeout(1200)
def test_a_leader_that_is_killed_at_any_await_is_followed_by_another_and_nothing_is_lost(
    new_site: NewSite, cluster: Cluster
) -> None:
    def trial(moment: int) -> Trial:
        site = new_site()
        refresh_token = site.connect(CRM)
        site.corner.put(f"tokens/{CRM}", **record_fields(CRM, issued_at=ago(DUE)))
        lease = f"trial-{moment}"
        with closing(candidate(site, cluster, lease, "first", Death(work=WORK, moment=moment))) as first:
            first.until(lambda: first.killed or "connection.refreshed" in first.told)
            killed = first.killed
        with closing(candidate(site, cluster, lease, "second")) as second:
            second.until(lambda: cluster.holder(lease).startswith("second") and has_settled(second))
        assert_nothing_is_lost(site, refresh_token, first.last_moment)
        return Trial(moments=first.moments, killed=killed)

    killed_at_each_moment(trial)


def candidate(site: Site, cluster: Cluster, lease: str, name: str, death: Death | None = None) -> Forked:
    """A daemon that stands for the lead of these."""
    settings = site.environment(**ELECTION, LEASE_NAME=lease, IDENTITY=name)
    environment = {**settings, "KUBECONFIG": str(cluster.kubeconfig(site.folder))}
    return Forked("run", environment=environment, folder=site.folder / name, death=death)
