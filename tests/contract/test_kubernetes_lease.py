"""The Lease at an API server that is as strict as the real one: what each answer means to an election."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from tests.support.samples.builders import NOON
from tests.support.servers.cluster import (
    NAMESPACE,
    TOKEN,
    Cluster,
    Fault,
    a_cluster,
    lost_answer,
    lost_request,
    refusing,
)
from zoho_tokend.core.errors import BadSettings, Conflict, LeaseRefused, LeaseUnavailable
from zoho_tokend.core.lease import NOBODY, LeaseRecord
from zoho_tokend.kubernetes.cluster import cluster as known_cluster
from zoho_tokend.kubernetes.lease import KubernetesLease

NAME = "zoho-tokend"
MINE = LeaseRecord(
    holder="tokend-0_3f9a", duration=timedelta(seconds=15), acquired_at=NOON, renewed_at=NOON, transitions=2
)
TIMEOUT = timedelta(seconds=5)


@pytest.fixture
def api() -> Iterator[Cluster]:
    with a_cluster() as api:
        yield api


@asynccontextmanager
async def a_lease(
    api: Cluster, folder: Path, *, namespace: str | None = None, patience: timedelta = TIMEOUT
) -> AsyncIterator[KubernetesLease]:
    found = known_cluster({"KUBECONFIG": str(api.kubeconfig(folder))})
    lease = KubernetesLease(found, name=NAME, namespace=namespace, timeout=patience)
    try:
        yield lease
    finally:
        await lease.close()


# --- what stands there


async def test_where_there_is_no_lease_none_is_found(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path) as lease:
        assert await lease.read() is None


async def test_a_lease_that_was_written_is_found_as_it_was_written(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path) as lease:
        written = await lease.write(MINE, after_version=None)
        found = await lease.read()
        assert found == written
        assert written.record.holder == MINE.holder
        assert (written.record.duration, written.record.transitions) == (MINE.duration, MINE.transitions)
    assert api.lease(NAME)["metadata"]["namespace"] == NAMESPACE


async def test_a_lease_is_replaced_where_its_version_is_the_known_one(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path) as lease:
        first = await lease.write(MINE, after_version=None)
        second = await lease.write(MINE.released(NOON), after_version=first.version)
        assert second.version != first.version
        assert second.record.holder == NOBODY
    assert api.lease(NAME)["spec"]["leaseDurationSeconds"] == 1


async def test_what_others_wrote_beside_our_fields_stays(api: Cluster, tmp_path: Path) -> None:
    api.put(NAME, labels={"team": "crm"}, holderIdentity="other", leaseDurationSeconds=15)
    async with a_lease(api, tmp_path) as lease:
        found = await lease.read()
        assert found is not None
        await lease.write(found.record.claimed_by("me", MINE.duration, NOON), after_version=found.version)
    assert api.lease(NAME)["metadata"]["labels"] == {"team": "crm"}
    assert api.holder(NAME) == "me"


async def test_a_lease_without_any_field_is_one_that_nobody_holds(api: Cluster, tmp_path: Path) -> None:
    api.put(NAME)
    async with a_lease(api, tmp_path) as lease:
        found = await lease.read()
        assert found is not None
        assert (found.record.holder, found.record.duration) == (NOBODY, timedelta())


# --- another was first


async def test_a_lease_that_another_changed_meanwhile_is_a_conflict_and_stays(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path) as lease:
        known = await lease.write(MINE, after_version=None)
        api.put(NAME, holderIdentity="other", leaseDurationSeconds=15)
        with pytest.raises(Conflict):
            await lease.write(MINE, after_version=known.version)
    assert api.holder(NAME) == "other"


async def test_of_two_that_create_the_lease_one_meets_a_conflict(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path) as one, a_lease(api, tmp_path) as other:
        await one.write(MINE, after_version=None)
        with pytest.raises(Conflict):
            await other.write(replace(MINE, holder="other"), after_version=None)
    assert api.holder(NAME) == MINE.holder


async def test_a_lease_that_was_deleted_meanwhile_is_a_conflict(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path) as lease:
        known = await lease.write(MINE, after_version=None)
        api.delete(NAME)
        with pytest.raises(Conflict):
            await lease.write(MINE, after_version=known.version)


@pytest.mark.parametrize("code", [409, 410])
async def test_an_answer_that_tells_of_another_version_is_a_conflict(api: Cluster, tmp_path: Path, code: int) -> None:
    async with a_lease(api, tmp_path) as lease:
        api.next(refusing(code))
        with pytest.raises(Conflict):
            await lease.write(MINE, after_version=None)


# --- trying again may help


@pytest.mark.parametrize(
    "fault",
    [refusing(500), refusing(503), lost_request, lost_answer],
    ids=["500", "503", "lost request", "lost answer"],
)
async def test_no_usable_answer_is_told_as_that(api: Cluster, tmp_path: Path, fault: Fault) -> None:
    async with a_lease(api, tmp_path) as lease:
        api.next(fault)
        with pytest.raises(LeaseUnavailable, match="the API server"):
            await lease.write(MINE, after_version=None)


async def test_a_write_whose_answer_was_lost_is_found_again(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path) as lease:
        api.next(lost_answer)
        with pytest.raises(LeaseUnavailable):
            await lease.write(MINE, after_version=None)
        found = await lease.read()
        assert found is not None
        assert found.record.holder == MINE.holder


async def test_a_server_that_names_a_time_to_wait_is_believed_up_to_a_minute(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path) as lease:
        for named, believed in (("3", 3), ("86400", 60), ("soon", 0)):
            api.next(refusing(429, Retry_After=named))
            with pytest.raises(LeaseUnavailable) as unavailable:
                await lease.read()
            assert unavailable.value.retry_after == timedelta(seconds=believed)


async def test_a_slow_answer_is_given_up_in_time_and_the_next_one_is_heard(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path, patience=timedelta(seconds=1)) as lease:
        api.slow = 120
        begun = time.monotonic()
        with pytest.raises(LeaseUnavailable, match="did not answer within 1 s"):
            await lease.read()
        assert time.monotonic() - begun < 60
        api.slow = 0
        assert await lease.read() is None


async def test_requests_that_are_given_up_use_up_no_connection(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path, patience=timedelta(seconds=2)) as lease:
        api.slow = 120
        many = [lease.read() for _ in range(150)]
        assert all(isinstance(end, LeaseUnavailable) for end in await asyncio.gather(*many, return_exceptions=True))
        api.slow = 0
        assert await lease.read() is None


async def test_a_server_that_is_away_is_waited_for(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path) as lease:
        api.cut = True
        with pytest.raises(LeaseUnavailable, match="was not reached"):
            await lease.read()
        api.cut = False
        assert await lease.read() is None


# --- only a person can help


@pytest.mark.parametrize("verb", ["get", "create", "update"])
async def test_a_verb_that_is_not_granted_is_told_in_one_sentence(api: Cluster, tmp_path: Path, verb: str) -> None:
    async with a_lease(api, tmp_path) as lease:
        known = None if verb == "create" else await lease.write(MINE, after_version=None)
        api.verbs.discard(verb)
        asking = lease.read() if verb == "get" else lease.write(MINE, after_version=known.version if known else None)
        with pytest.raises(LeaseRefused) as refusal:
            await asking
        assert str(refusal.value) == (
            f"our service account may not {verb} the lease tokens/zoho-tokend: grant get, create and update on leases "
            "of coordination.k8s.io in that namespace"
        )


async def test_a_token_that_is_not_accepted_is_told_and_shown_nowhere(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path) as lease:
        api.tokens.clear()
        with pytest.raises(LeaseRefused, match="does not accept the token of our service account") as refusal:
            await lease.read()
        assert TOKEN not in str(refusal.value)


async def test_a_namespace_that_does_not_exist_is_told(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path, namespace="nowhere") as lease:
        assert await lease.read() is None
        with pytest.raises(LeaseRefused, match="there is no namespace nowhere"):
            await lease.write(MINE, after_version=None)


async def test_a_lease_that_the_server_finds_invalid_is_told(api: Cluster, tmp_path: Path) -> None:
    async with a_lease(api, tmp_path) as lease:
        with pytest.raises(LeaseRefused, match=r"does not take our lease tokens/zoho-tokend \(422\)"):
            await lease.write(replace(MINE, duration=timedelta()), after_version=None)


# --- which cluster


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cluster, Path]]:
    """What a pod finds: the service account's files, and where the API server is."""
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with a_cluster(tls=tls) as api:
        authority.cert_pem.write_to_path(str(tmp_path / "ca.crt"))
        (tmp_path / "token").write_text(TOKEN)
        (tmp_path / "namespace").write_text(NAMESPACE)
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(api.port))
        yield api, tmp_path


async def test_in_a_pod_the_service_account_says_where_and_who_and_in_which_namespace(
    pod: tuple[Cluster, Path],
) -> None:
    api, folder = pod
    lease = KubernetesLease(known_cluster({}, service_account=folder), name=NAME, namespace=None, timeout=TIMEOUT)
    await lease.write(MINE, after_version=None)
    await lease.close()
    assert api.holder(NAME, NAMESPACE) == MINE.holder


async def test_a_token_that_was_replaced_in_the_pod_is_read_anew(pod: tuple[Cluster, Path]) -> None:
    api, folder = pod
    lease = KubernetesLease(known_cluster({}, service_account=folder), name=NAME, namespace=None, timeout=TIMEOUT)
    await lease.read()
    api.tokens = {"the-next-invented-token"}
    (folder / "token").write_text("the-next-invented-token")
    assert await lease.read() is None
    await lease.close()
    assert api.calls[-1].token == "the-next-invented-token"


async def test_a_server_that_the_pods_authority_does_not_vouch_for_is_not_spoken_to(pod: tuple[Cluster, Path]) -> None:
    api, folder = pod
    trustme.CA().cert_pem.write_to_path(str(folder / "ca.crt"))
    lease = KubernetesLease(known_cluster({}, service_account=folder), name=NAME, namespace=None, timeout=TIMEOUT)
    with pytest.raises(LeaseUnavailable):
        await lease.read()
    await lease.close()
    assert api.calls == []


def test_an_authority_that_cannot_be_read_is_told_at_the_start(pod: tuple[Cluster, Path]) -> None:
    _, folder = pod
    (folder / "ca.crt").write_text("no certificate")
    with pytest.raises(BadSettings, match="cannot be used"):
        KubernetesLease(known_cluster({}, service_account=folder), name=NAME, namespace=None, timeout=TIMEOUT)


def test_without_a_cluster_it_is_said_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"^LEADER_ELECTION is kubernetes, and there is no cluster: .*KUBECONFIG"):
        known_cluster({}, service_account=tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "clusters: []", '{"clusters": 1, "contexts": 2}'])
def test_a_kubeconfig_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    with pytest.raises(BadSettings, match=f"the kubeconfig {file} that KUBECONFIG names cannot be used"):
        known_cluster({"KUBECONFIG": str(file)})
