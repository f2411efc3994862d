"""The Lease at the cluster's API server: read, created, or replaced where its version is the known one.

Errors are named by what happens next; the texts of response bodies are dropped.
https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
"""

import asyncio
import re
from copy import copy
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final, Literal

import httpx2
import msgspec
from lightkube import AsyncClient
from lightkube.config.kubeconfig import SingleConfig
from lightkube.core.exceptions import ConfigError
from lightkube.models.coordination_v1 import LeaseSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.coordination_v1 import Lease as LeaseObject

from zoho_tokend.core.errors import BadSettings, Conflict, LeaseRefused, LeaseUnavailable
from zoho_tokend.core.lease import NOBODY, Lease, LeaseRecord

Verb = Literal["get", "create", "update"]

_REFUSALS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_LONGEST_RETRY_AFTER: Final = timedelta(minutes=1)
_WHOLE_SECONDS: Final = re.compile(r"[0-9]{1,9}")


class KubernetesLease:
    """One Lease, as a `LeaseStore`."""

    def __init__(self, cluster: SingleConfig, *, name: str, namespace: str | None, timeout: timedelta) -> None:
        """Use the lease of that name in that namespace, or in the pod's own; no request takes longer than ``timeout``.

        Raises:
            BadSettings: the CA certificate of the server, or our own certificate, cannot be used.
        """
        self._name = name
        self._namespace = namespace or cluster.namespace
        self._timeout = timeout.total_seconds()
        try:
            self._client = AsyncClient(
                cluster, namespace=self._namespace, timeout=httpx2.Timeout(self._timeout), trust_env=False
            )
        except (ConfigError, OSError, ValueError, httpx2.InvalidURL):
            raise BadSettings(
                "LEADER_ELECTION is kubernetes, and the API server's address, its authority (ca.crt) or our own "
                f"certificate cannot be used: look at {cluster.fname or 'the files of the service account'}"
            ) from None
        # Fields that others wrote, such as labels, are kept.
        self._last: LeaseObject | None = None

    async def read(self) -> Lease | None:
        try:
            return await self._ask("get")
        except _NoSuchLease:
            return None

    async def write(self, record: LeaseRecord, *, after_version: str | None) -> Lease:
        try:
            return await self._ask("create" if after_version is None else "update", self._object(record, after_version))
        except _NoSuchLease:
            raise Conflict from None

    async def close(self) -> None:
        await self._client.aclose()

    async def _ask(self, verb: Verb, wanted: LeaseObject | None = None) -> Lease:
        try:
            async with asyncio.timeout(self._timeout):
                self._last = await self._answer(verb, wanted)
            return _lease(self._last)
        except httpx2.HTTPStatusError as error:
            raise self._refused(verb, error.response) from None
        except TimeoutError:
            raise LeaseUnavailable(f"the API server did not answer within {self._timeout:.0f} s") from None
        except (httpx2.HTTPError, OSError) as error:
            raise LeaseUnavailable(f"the API server was not reached ({type(error).__name__})") from None
        except ConfigError:
            raise LeaseRefused("the service account's token is not there any more: mount it into the pod") from None
        except (msgspec.MsgspecError, KeyError, ValueError, AttributeError):
            raise LeaseUnavailable("the API server's answer cannot be read") from None

    async def _answer(self, verb: Verb, wanted: LeaseObject | None) -> LeaseObject:
        if wanted is None:
            return await self._client.get(LeaseObject, self._name)
        if verb == "create":
            return await self._client.create(wanted)
        return await self._client.replace(wanted)

    def _object(self, record: LeaseRecord, version: str | None) -> LeaseObject:
        metadata = ObjectMeta(name=self._name, namespace=self._namespace)
        spec = LeaseSpec()
        if version is not None and self._last is not None and self._last.metadata and self._last.spec:
            metadata, spec = copy(self._last.metadata), copy(self._last.spec)
        metadata.resourceVersion = version
        spec.holderIdentity = record.holder
        spec.leaseDurationSeconds = int(record.duration.total_seconds())
        spec.acquireTime = _micro_time(record.acquired_at)
        spec.renewTime = _micro_time(record.renewed_at)
        spec.leaseTransitions = record.transitions
        return LeaseObject(metadata=metadata, spec=spec)

    def _refused(self, verb: Verb, response: httpx2.Response) -> Exception:
        status = response.status_code
        if status == HTTPStatus.NOT_FOUND:
            return _NoSuchLease() if verb != "create" else LeaseRefused(f"there is no namespace {self._namespace}")
        if status in {HTTPStatus.CONFLICT, HTTPStatus.GONE}:
            return Conflict()
        if status == HTTPStatus.UNAUTHORIZED:
            return LeaseRefused("the API server does not accept the token of our service account: mount a valid one")
        if status == HTTPStatus.FORBIDDEN:
            return LeaseRefused(
                f"our service account may not {verb} the lease {self._namespace}/{self._name}: grant get, create and "
                "update on leases of coordination.k8s.io in that namespace"
            )
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return LeaseUnavailable(f"the API server answered {status}", retry_after=_retry_after(response))
        return LeaseRefused(f"the API server does not take our lease {self._namespace}/{self._name} ({status})")


class _NoSuchLease(Exception):
    """There is no such lease, or no such namespace."""


def _lease(found: LeaseObject) -> Lease:
    """Return the lease; raise AttributeError where it is not one."""
    spec, metadata = found.spec or LeaseSpec(), found.metadata or ObjectMeta()
    if not metadata.resourceVersion:
        raise ValueError("a lease without a version")
    record = LeaseRecord(
        holder=spec.holderIdentity or NOBODY,
        duration=timedelta(seconds=max(spec.leaseDurationSeconds or 0, 0)),
        acquired_at=spec.acquireTime,
        renewed_at=spec.renewTime,
        transitions=spec.leaseTransitions or 0,
    )
    return Lease(record=record, version=metadata.resourceVersion)


def _micro_time(moment: datetime | None) -> datetime | None:
    """Return the moment with a non-zero fraction of a second: the server accepts a MicroTime with six digits only."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond or 1)


def _retry_after(response: httpx2.Response) -> timedelta:
    seconds = response.headers.get("Retry-After", "")
    return (
        min(timedelta(seconds=int(seconds)), _LONGEST_RETRY_AFTER) if _WHOLE_SECONDS.fullmatch(seconds) else timedelta()
    )
