"""A sharded fleet of real processes: four pods of two shards, of which one is killed and one is added."""

import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.places.site import BRISK, Site, a_site
from tests.support.processes.process import Daemon, running
from tests.support.servers.cluster import Cluster, a_cluster
from tests.support.servers.openbao import Corner
from zoho_tokend.core.sharding import shard_of

FLEET = [f"crm-{number}" for number in range(24)]
SHARDS = 2
SETTINGS = BRISK | {
    "LEADER_ELECTION": "kubernetes",
    "LEASE_DURATION": "4s",
    "RENEW_DEADLINE": "2s",
    "RETRY_PERIOD": "1s",
    "SHARDS": str(SHARDS),
}


def a_pod(site: Site, api: Cluster, ordinal: int, pods: ExitStack) -> Daemon:
    """The pod of a StatefulSet with this ordinal."""
    folder = site.folder / f"zoho-tokend-{ordinal}"
    folder.mkdir()
    settings = SETTINGS | {"SHARD": str(ordinal), "IDENTITY": folder.name}
    environment = {**site.environment(**settings), "KUBECONFIG": str(api.kubeconfig(folder))}
    return pods.enter_context(running(environment, folder))


def shown(pod: Daemon) -> set[str]:
    return {row["name"] for row in pod.get("/status").json()["connections"]}


def until_each_is_refreshed_again(site: Site, pod: Daemon) -> None:
    """Until each record has another version, whoever reads it finds a living token."""
    before = {name: site.versions(name) for name in FLEET}

    def all_there() -> bool:
        for name in FLEET:
            expires_at = datetime.fromisoformat(str(site.token(name)["expires_at"]))
            assert expires_at > datetime.fromtimestamp(time.time(), UTC), name  # noqa: TID251 - a reader's own clock
        return all(site.versions(name) > before[name] for name in FLEET)

    pod.until(all_there, "every connection is refreshed again")


def test_each_process_keeps_its_own_share_and_a_standby_takes_over_the_share_of_one_that_was_killed(
    corner: Corner, tmp_path: Path
) -> None:
    with a_cluster() as api, a_site(corner, tmp_path, lifetime=timedelta(seconds=40)) as site, ExitStack() as pods:
        for name in FLEET:
            site.connect(name)
        zero, one = (a_pod(site, api, ordinal, pods) for ordinal in range(SHARDS))
        for pod in (zero, one):
            pod.until_ready()
        one.until(lambda: all(site.has_token(name) for name in FLEET), "every connection has a token")
        shares = [{name for name in FLEET if shard_of(name, SHARDS) == number} for number in range(SHARDS)]
        assert [shown(zero), shown(one)] == shares
        assert all(shares), "a shard owns nothing, so this shows nothing"
        two, three = (a_pod(site, api, ordinal, pods) for ordinal in (2, 3))
        for pod in (two, three):
            pod.until_ready()
        assert [shown(two), shown(three)] == shares
        zero.kill()
        four = a_pod(site, api, 4, pods)
        until_each_is_refreshed_again(site, one)
        assert api.holder("zoho-tokend-1").startswith("zoho-tokend-1_")
        assert api.holder("zoho-tokend-0").startswith(("zoho-tokend-2_", "zoho-tokend-4_"))
        assert two.metric("leader", shard="0") + four.metric("leader", shard="0") == 1
        assert (one.metric("leader", shard="1"), three.metric("leader", shard="1")) == (1, 0)
        for pod in (one, two, three, four):
            pod.stop()
        assert len(site.zoho.journal.requests()) - sum(site.versions(name) for name in FLEET) <= len(shares[0])
