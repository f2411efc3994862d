"""A lease: the record by which several processes agree on which of them works.

The fields are those of Kubernetes' own: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

NOBODY: Final = ""
_RELEASED: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRecord:
    """Who holds the lease, and for how long without a renewal.

    Attributes:
        holder: the identity of the process that works; ``NOBODY`` when it was given back.
        duration: how long after its last change it may be taken by another.
        acquired_at: when this holder got it; told to people, and never judged by.
        renewed_at: when it was last renewed; as above.
        transitions: how often it went from one holder to another.
    """

    holder: str
    duration: timedelta
    acquired_at: datetime | None = None
    renewed_at: datetime | None = None
    transitions: int = 0

    def claimed_by(self, identity: str, duration: timedelta, now: datetime) -> "LeaseRecord":
        """This lease taken, or renewed, by the holder of that identity."""
        mine = self.holder == identity
        return LeaseRecord(
            holder=identity,
            duration=duration,
            acquired_at=self.acquired_at if mine else now,
            renewed_at=now,
            transitions=self.transitions if mine else self.transitions + 1,
        )

    def released(self, now: datetime) -> "LeaseRecord":
        """This lease given back, so that anybody may take it at once."""
        return replace(self, holder=NOBODY, duration=_RELEASED, acquired_at=now, renewed_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A lease as it stood when it was read or written; ``version`` is what a write is compared with."""

    record: LeaseRecord
    version: str


FIRST_TERM: Final = 0


class Alone:
    """It leads from its start to its end."""

    @property
    def term(self) -> int | None:
        return FIRST_TERM

    @property
    def holder(self) -> str | None:
        return None

    @property
    def problem(self) -> str:
        return ""

    async def run(self) -> None:
        return None

    def stand(self) -> None:
        return None

    async def leave(self) -> None:
        return None
