"""How far we get on the way to a server: values, and which proxy stands on it; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from zoho_tokend.core.origin import Origin

_DEFAULT_PORT = {"http": 80, "https": 443}


class Step(StrEnum):
    """The steps of the way, in order."""

    NAME = "name"
    CONNECTION = "connection"
    PROXY = "proxy"
    TLS = "tls"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy of the environment.

    Attributes:
        logs_in: whether its address holds a user; neither it nor the password is kept.
    """

    scheme: str
    host: str
    port: int
    logs_in: bool

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Where the way ended, and why, as the end of a sentence."""

    step: Step
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far we got.

    Attributes:
        proxy: the one on the way; None where there is none.
        addresses: of the server; none behind a proxy, which looks the name up itself.
        tls: the version agreed on (``TLSv1.3``); None for plain http, or where it did not come to that.
        status: of the server's answer.
        skew: the server's clock minus ours, good to a second; None where it did not tell.
        obstacle: None where the server answered.
    """

    origin: Origin
    proxy: Proxy | None = None
    addresses: tuple[str, ...] = ()
    tls: str | None = None
    status: int | None = None
    skew: timedelta | None = None
    obstacle: Obstacle | None = None


def proxy_for(origin: Origin, proxies: Mapping[str, str]) -> Proxy | None:
    """The proxy that requests there go through; plain http, which is for loopback, never goes through one.

    Args:
        proxies: as `urllib.request.getproxies` makes them of ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

    Raises:
        ValueError: the variable names none that can be used. The text does not repeat it.
    """
    address = proxies.get("https") or proxies.get("all")
    if origin.scheme != "https" or not address:
        return None
    if proxy_bypass(f"{origin.host}:{origin.port}", dict(proxies)):
        return None
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if not parts.hostname:
        raise ValueError("it names no host")
    return Proxy(
        scheme=parts.scheme,
        host=parts.hostname,
        port=parts.port or _DEFAULT_PORT.get(parts.scheme, 1080),
        logs_in=parts.username is not None,
    )
