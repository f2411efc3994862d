"""What an examination finds: one line each."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


class Area(StrEnum):
    """What was looked at, in the order of the examination."""

    SETTINGS = "settings"
    VAULT = "vault"
    POLICY = "policy"
    KV = "kv"
    CONNECTIONS = "connections"
    NETWORK = "network"
    CLOCKS = "clocks"
    EGRESS = "egress"

    def ok(self, subject: str, finding: str) -> "Finding":
        """All is well."""
        return Finding(area=self, subject=subject, level=Level.OK, finding=finding)

    def warning(self, subject: str, finding: str, *, fix: str) -> "Finding":
        """It works, and should not stay so; or it could not be learned."""
        return Finding(area=self, subject=subject, level=Level.WARNING, finding=finding, fix=fix)

    def wrong(self, subject: str, finding: str, *, fix: str) -> "Finding":
        """Something does not work, or will not for long."""
        return Finding(area=self, subject=subject, level=Level.WRONG, finding=finding, fix=fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: what was looked at, as a person names it.
        finding: what was seen, as part of a sentence about the subject.
        fix: what to do; empty where nothing is to be done.
    """

    area: Area
    subject: str
    level: Level
    finding: str
    fix: str = ""


def worst(findings: Iterable[Finding]) -> Level:
    """The worst level among them."""
    return max((finding.level for finding in findings), key=list(Level).index, default=Level.OK)


_NAMED: Final = 3


def some(names: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    ordered = sorted(names)
    more = len(ordered) - _NAMED
    shown = ", ".join(ordered[:_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown


def count(things: Collection[object], one: str, many: str | None = None) -> str:
    """How many there are: ``1 connection``, ``3 connections``."""
    return f"{len(things)} {one if len(things) == 1 else many or one + 's'}"
