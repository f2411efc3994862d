"""The kinds of values: how each is parsed from text or TOML, and the words that say what is accepted."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from zoho_tokend.core.instants import compact
from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.core.targets import Shape, parse_targets

_DURATION: Final = re.compile(r"(?=[0-9])(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?", re.ASCII)
_LISTEN: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(?P<port>[0-9]{1,5})", re.ASCII)
_VAULT_PATH: Final = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)/?", re.ASCII)
_VAULT_ADDRESS: Final = re.compile(r"(https?://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?)/?", re.ASCII)
# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
# https://www.rfc-editor.org/rfc/rfc1123#page-13, without a port; an IP address needs no entry, and does no harm.
_HOST: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)
_HIGHEST_PORT: Final = 65535

Ordered = TypeVar("Ordered", int, float, timedelta)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value, for a field's annotation.

    Attributes:
        words: what is accepted.
        read: returns the parsed value; raises ValueError.
    """

    words: str
    read: Callable[[object], object]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)


@dataclass(frozen=True, slots=True)
class Listen:
    """The address where the daemon's own HTTP endpoints listen; port 0 is any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def duration(shortest: timedelta, longest: timedelta) -> Kind:
    """Return the kind of a duration between the two, such as ``30s``, ``5m``, ``1h`` or ``1h30m``."""

    def read(value: object) -> timedelta:
        hours, minutes, seconds = (int(part or 0) for part in _matched(_DURATION, value).groups())
        return _within(timedelta(hours=hours, minutes=minutes, seconds=seconds), shortest, longest)

    return Kind(f"a duration from {compact(shortest)} to {compact(longest)}, such as 30s or 5m", read)


def number(least: float, most: float) -> Kind:
    """Return the kind of a number between the two."""

    def read(value: object) -> float:
        return _within(float(str(value)), least, most)

    return Kind(f"a number from {least} to {most}", read)


def whole_number(least: int, most: int) -> Kind:
    """Return the kind of a whole number between the two."""

    def read(value: object) -> int:
        return _within(int(str(value)), least, most)

    return Kind(f"a whole number from {least} to {most}", read)


def one_of(literal: object) -> Kind:
    """Return the kind of one of the words of a ``Literal``, in upper or lower case."""
    words = get_args(literal)

    def read(value: object) -> str:
        word = _text(value).lower()
        if word not in words:
            raise ValueError
        return word

    return Kind("one of " + ", ".join(words), read)


def _read_listen(value: object) -> Listen:
    match = _matched(_LISTEN, value)
    return Listen(match["host"].strip("[]"), _within(int(match["port"]), 0, _HIGHEST_PORT))


def _read_origins(value: object) -> tuple[Origin, ...]:
    texts = value if isinstance(value, list) else _text(value).split(",")
    return tuple(parse_origin(_text(text).strip()) for text in texts)


def _read_hosts(value: object) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else _text(value).split(",")
    return tuple(_matched(_HOST, _text(text).strip())[0].lower() for text in texts)


def _read_vault_address(value: object) -> str:
    return _matched(_VAULT_ADDRESS, value)[1]


def _read_vault_path(value: object) -> str:
    return _matched(_VAULT_PATH, value)[1]


def _read_label(value: object) -> str:
    return _matched(_LABEL, value)[0]


def _read_file(value: object) -> Path:
    return Path(_text(value))


def _read_secret(value: object) -> Secret:
    return Secret(_text(value))


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _matched(pattern: re.Pattern[str], value: object) -> re.Match[str]:
    match = pattern.fullmatch(_text(value))
    if match is None:
        raise ValueError
    return match


def _within(value: Ordered, least: Ordered, most: Ordered) -> Ordered:
    if not least <= value <= most:
        raise ValueError
    return value


LISTEN: Final = Kind("host:port, such as 0.0.0.0:8080 or [::]:8080", _read_listen)
ORIGINS: Final = Kind(
    "origins separated by commas, such as https://accounts.example: scheme, host and port only, "
    "http for loopback addresses only",
    _read_origins,
)
HOSTS: Final = Kind("host names separated by commas, such as zoho-tokend.example, without a port", _read_hosts)
TARGETS: Final = Kind(
    "shapes and paths separated by commas, such as airflow-variable=variables/zoho-{connection}: the shapes are "
    f"{' and '.join(Shape)}, and a path has a folder, no slash in front, and {{connection}} at its end",
    parse_targets,
)
VAULT_ADDRESS: Final = Kind(
    "the URL of a Vault server, such as https://vault.example:8200, without user, path or query", _read_vault_address
)
VAULT_PATH: Final = Kind(
    "a path such as secret or teams/crm: letters, digits, '.', '_' and '-', no slash in front", _read_vault_path
)
LABEL: Final = Kind("a name such as zoho-tokend: small letters, digits and '-', 63 characters at most", _read_label)
FILE: Final = Kind("the path of a file", _read_file)
SECRET: Final = Kind("a secret text", _read_secret)
TEXT: Final = Kind("a text", _text)
