"""Two replicas as Kubernetes runs them: real processes, a real Vault, and an API server that is strict about leases."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.places.site import BRISK, Site, a_site
from tests.support.processes.process import Daemon, running
from tests.support.servers.cluster import NAMESPACE, Cluster, a_cluster
from tests.support.servers.openbao import Corner
from tests.support.servers.relay_in_thread import relay_in_thread

NAME = "zoho-tokend"
CONNECTIONS = [f"crm-{number}" for number in range(4)]
LEASE, LEAVE = 8.0, 2.0
# For a machine that has other things to do; the bounds themselves are kept on virtual time.
SLACK = 20.0
SHORT = BRISK | {
    "LEADER_ELECTION": "kubernetes",
    "LEASE_DURATION": f"{LEASE:.0f}s",
    "RENEW_DEADLINE": "5s",
    "RETRY_PERIOD": "1s",
}


@pytest.fixture
def site(corner: Corner, tmp_path: Path) -> Iterator[Site]:
    """A site whose tokens live a minute, so that a leader may be missed for longer than in life."""
    with a_site(corner, tmp_path, lifetime=timedelta(minutes=1)) as site:
        yield site


@pytest.fixture
def api() -> Iterator[Cluster]:
    with a_cluster() as api:
        yield api


@contextmanager
def a_replica(site: Site, api: Cluster, name: str, *, address: str = "", **settings: str) -> Iterator[Daemon]:
    """A daemon that is known by this name in the election, and reaches the API server at this address."""
    folder = site.folder / name
    folder.mkdir()
    environment = {
        **site.environment(**(SHORT | {"IDENTITY": name} | settings)),
        "KUBECONFIG": str(api.kubeconfig(folder, address=address)),
    }
    with running(environment, folder) as daemon:
        yield daemon


def leads(daemon: Daemon) -> bool:
    return bool(daemon.get("/status").json()["leader"])


def until_leader(daemon: Daemon) -> None:
    daemon.until(lambda: leads(daemon), "it leads")


def until_standby(daemon: Daemon, leader: str) -> None:
    daemon.until_ready()
    daemon.until(lambda: str(daemon.get("/status").json()["holder"]).startswith(leader), f"it sees {leader} lead")


@contextmanager
def two_replicas(site: Site, api: Cluster, *, address: str = "") -> Iterator[tuple[Daemon, Daemon]]:
    """The leader, which has refreshed every connection, and the standby beside it."""
    for name in CONNECTIONS:
        site.connect(name)
    with a_replica(site, api, "one", address=address) as one:
        until_leader(one)
        one.until(lambda: all(site.has_token(name) for name in CONNECTIONS), "every connection has a token")
        with a_replica(site, api, "other") as other:
            until_standby(other, "one")
            yield one, other


def nobody_finds_a_dead_token(site: Site, daemon: Daemon, versions: int) -> None:
    """Until each record has had so many more versions, whoever reads it finds a living token."""
    wanted = {name: site.versions(name) + versions for name in CONNECTIONS}

    def all_there() -> bool:
        for name in CONNECTIONS:
            expires_at = datetime.fromisoformat(str(site.token(name)["expires_at"]))
            assert expires_at > datetime.fromtimestamp(time.time(), UTC), name  # noqa: TID251 - a reader's own clock
        return all(site.versions(name) >= wanted[name] for name in CONNECTIONS)

    daemon.until(all_there, "every connection is refreshed again")


def issues_beyond_versions(site: Site) -> int:
    """How many tokens Zoho issued that are no version of a record."""
    return len(site.zoho.journal.requests()) - sum(site.versions(name) for name in CONNECTIONS)


def taken_after(api: Cluster, moment: float) -> float:
    """How long after that moment somebody got the lease."""
    return next(at for at, holder in api.reigns if at > moment and holder) - moment


def test_a_standby_is_ready_and_says_what_it_is_and_refreshes_nothing(site: Site, api: Cluster) -> None:
    with two_replicas(site, api) as (one, other):
        nobody_finds_a_dead_token(site, one, 1)
        assert (one.metric("leader", shard="0"), other.metric("leader", shard="0")) == (1, 0)
        assert other.get("/readyz").status_code == 200
        assert "[+]leader-election ok" in other.get("/readyz?verbose").text
        assert "one_" in other.get("/").text
        assert other.metric("refreshes_total") == 0
        assert other.connection("crm-0")["state"] in {"fresh", "refreshing"}
        assert api.lease(NAME)["metadata"]["namespace"] == NAMESPACE
        other.stop()
        one.stop()
    assert issues_beyond_versions(site) == 0


def test_a_standby_takes_over_from_a_leader_that_was_killed(site: Site, api: Cluster) -> None:
    with two_replicas(site, api) as (one, other):
        killed_at = time.monotonic()
        one.kill()
        nobody_finds_a_dead_token(site, other, 1)
        assert taken_after(api, killed_at) <= LEASE + SLACK
        other.stop()
    assert issues_beyond_versions(site) <= len(CONNECTIONS)


def test_a_standby_takes_over_at_once_from_a_leader_that_leaves_in_order(site: Site, api: Cluster) -> None:
    with two_replicas(site, api) as (one, other):
        one.stop()
        given_back_at = next(at for at, holder in api.reigns if not holder)
        nobody_finds_a_dead_token(site, other, 1)
        assert taken_after(api, given_back_at) <= LEAVE + SLACK
        assert one.lines("leader.lost", reason="the process stops")
        other.stop()
        assert api.holder(NAME) == ""
    assert issues_beyond_versions(site) == 0


def test_a_leader_that_is_cut_off_from_the_cluster_makes_way_and_comes_back_as_a_standby(
    site: Site, api: Cluster
) -> None:
    with (
        relay_in_thread(api.address) as relay,
        two_replicas(site, api, address=relay.address) as (one, other),
    ):
        relay.cut()
        one.until_told("leader.lost", reason="the lease was not renewed before the deadline")
        one.until_told("election.troubled")
        assert one.is_ready()
        until_leader(other)
        nobody_finds_a_dead_token(site, other, 1)
        relay.mend()
        until_standby(one, "other")
        assert (one.metric("leader"), other.metric("leader")) == (0, 1)
        one.stop()
        other.stop()
    assert issues_beyond_versions(site) <= len(CONNECTIONS)


def test_two_replicas_of_one_name_elect_one_of_them_all_the_same(site: Site, api: Cluster) -> None:
    with (
        a_replica(site, api, "one", IDENTITY="twin") as one,
        a_replica(site, api, "other", IDENTITY="twin") as other,
    ):
        one.until_ready()
        other.until_ready()
        one.until(lambda: leads(one) or leads(other), "one of them leads")
        assert leads(one) != leads(other)


def test_a_daemon_whose_role_lacks_the_lease_is_not_ready_and_says_so_in_one_line(site: Site, api: Cluster) -> None:
    api.verbs = {"get"}
    with a_replica(site, api, "one") as one:
        told = one.until_told("election.troubled")
        assert "may not create the lease tokens/zoho-tokend: grant get, create and update" in str(told["error"])
        one.until(lambda: len(api.calls) > 6, "it asks again")
        assert len(one.lines("election.troubled")) == 1
        answer = one.get("/readyz")
        assert (answer.status_code, "[-]leader-election failed: our service account" in answer.text) == (503, True)
        api.verbs |= {"create", "update"}
        until_leader(one)
        one.until_ready()
        one.stop()


def test_without_a_cluster_the_start_is_refused_in_one_line(site: Site) -> None:
    with site.daemon(LEADER_ELECTION="kubernetes") as daemon:
        assert daemon.exit_code() != 0
        assert "LEADER_ELECTION is kubernetes, and there is no cluster" in daemon.err
        assert "Traceback" not in daemon.err


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120).stdout


def test_the_clusters_client_is_not_even_imported_where_there_is_no_election() -> None:
    code = "import sys, zoho_tokend.app.daemon; print({'lightkube', 'httpx2', 'msgspec'} & set(sys.modules))"
    assert python(code) == "set()\n"


def test_an_election_without_the_extra_says_what_to_install() -> None:
    code = """
import sys
sys.modules["lightkube"] = None
from zoho_tokend.app.wiring import leadership
from zoho_tokend.core.errors import BadSettings
from zoho_tokend.settings import load_settings
base = {"VAULT_ADDR": "https://vault.example", "VAULT_TOKEN": "invented", "ZOHO_TOKEND_LEADER_ELECTION": "kubernetes"}
try:
    leadership(load_settings(base), clock=None, emit=print, elected=print)
except BadSettings as error:
    print(error)
"""
    assert python(code).endswith("it is not installed: install zoho-tokend[kubernetes]\n")


def test_a_leader_that_was_stopped_in_its_tracks_starts_nothing_when_it_goes_on(site: Site, api: Cluster) -> None:
    with two_replicas(site, api) as (one, other):
        one.send(signal.SIGSTOP)
        try:
            until_leader(other)
        finally:
            one.send(signal.SIGCONT)
        one.until_told("leader.lost")
        before = one.metric("refreshes_total", outcome="success")
        nobody_finds_a_dead_token(site, other, 1)
        assert one.metric("refreshes_total", outcome="success") <= before + len(CONNECTIONS)
        assert not leads(one)
    assert issues_beyond_versions(site) <= len(CONNECTIONS)
