"""Publish targets: second records of a token, in the fixed shapes of tools that cannot read ours."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zoho_tokend.core.model import ConnectionName

_PLACEHOLDER: Final = "{connection}"
_SEGMENT: Final = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"


class Shape(StrEnum):
    """What the record looks like: the label values of ``target_writes_total{target}``.

    Airflow's secrets backend for Vault takes each field of a connection's record for one of the connection's, so none
    of ours may be there, and the field ``value`` of a variable's:
    https://airflow.apache.org/docs/apache-airflow-providers-hashicorp/stable/secrets-backends/hashicorp-vault.html
    """

    AIRFLOW_CONNECTION = "airflow-connection"
    AIRFLOW_VARIABLE = "airflow-variable"


_TARGET: Final = re.compile(
    rf"(?P<shape>{'|'.join(Shape)})=(?P<folder>{_SEGMENT}(?:/{_SEGMENT})*)/(?P<start>(?:{_SEGMENT})?){{connection}}",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a second record of each connection's token goes.

    Attributes:
        folder: under the mount of the tokens.
        start: what stands before the connection's name in the record's own.
    """

    shape: Shape
    folder: str
    start: str = ""

    def path_of(self, connection: ConnectionName) -> str:
        """The path of one connection's record."""
        return f"{self.folder}/{self.start}{connection}"

    def __str__(self) -> str:
        return f"{self.shape}={self.folder}/{self.start}{_PLACEHOLDER}"


def parse_target(text: str) -> Target:
    """The target of a text such as ``airflow-connection=connections/{connection}``; the name ends the path.

    Raises:
        ValueError: it is none.
    """
    match = _TARGET.fullmatch(text)
    if match is None:
        raise ValueError(f"a publish target is a shape and a path, such as airflow-variable=variables/{_PLACEHOLDER}")
    return Target(shape=Shape(match["shape"]), folder=match["folder"], start=match["start"])


def parse_targets(value: object) -> tuple[Target, ...]:
    """The targets of a list of such texts, or of one text with commas between them.

    Raises:
        ValueError: one of them is none.
    """
    texts = value if isinstance(value, list) else str(value).split(",")
    return tuple(parse_target(str(text).strip()) for text in texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a target's record tells.

    Attributes:
        version: to be named in the next write; 0 when there never was one.
        fingerprint: of the token in it; None where there is none.
    """

    version: int
    fingerprint: str | None
