"""Publish targets: second records of a token, in the fixed shapes of tools that cannot read ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zoho_tokend.core.errors import TargetTaken
from zoho_tokend.core.model import ConnectionName, Secret

_MANAGED_BY: Final = "managed_by"
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
class TargetRecord:
    """What a target's record tells.

    Attributes:
        where: the record as a person names it (``secret/variables/crm-prod``).
        version: to be named in the next write; 0 when there never was one.
        fingerprint: of the token in it; None where there is none.
        marked: whether its custom metadata say that it is ours.
    """

    where: str
    version: int
    fingerprint: str | None
    marked: bool


def mark_of(connection: ConnectionName) -> dict[str, str]:
    """The custom metadata by which a connection's record is known as ours.

    https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#create-update-metadata
    """
    return {_MANAGED_BY: "zoho-tokend", "connection": connection}


def target_record(
    target: Target,
    connection: ConnectionName,
    *,
    where: str,
    version: int,
    fields: Mapping[str, object] | None,
    custom_metadata: Mapping[str, object],
) -> TargetRecord:
    """What such a record tells; its ``fields`` are None where there is none, or it is deleted.

    Raises:
        TargetTaken: it has other fields than ours, or is marked as somebody else's or another connection's.
    """
    token = token_in(target.shape, fields) if fields is not None else None
    marked = custom_metadata.items() >= mark_of(connection).items()
    if (token is None and fields is not None) or (_MANAGED_BY in custom_metadata and not marked):
        raise taken(where)
    return TargetRecord(where=where, version=version, fingerprint=token.fingerprint() if token else None, marked=marked)


def token_in(shape: Shape, fields: Mapping[str, object]) -> Secret | None:
    """The token in these fields; None where they are not of our making: other fields, or other values."""
    match shape, dict(fields):
        case Shape.AIRFLOW_CONNECTION, {"conn_type": "http", "host": str(), "password": str(token), **others}:
            pass
        case Shape.AIRFLOW_VARIABLE, {"value": str(token), **others}:
            pass
        case _:
            return None
    return None if others else Secret(token)


def taken(where: str) -> TargetTaken:
    """The error about a record that is not ours."""
    return TargetTaken(
        f"{where} holds a record that zoho-tokend did not write for this connection, which stays: "
        "move it, or choose another path in PUBLISH_TARGETS"
    )
