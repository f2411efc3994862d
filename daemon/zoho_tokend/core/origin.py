"""Origins: the scheme, host and port that a credential may be sent to, compared as values and never as text."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

_ORIGIN: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII | re.IGNORECASE,
)
_DEFAULT_PORT: Final = {"https": 443, "http": 80}
_HIGHEST_PORT: Final = 65535


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A scheme, host and port (https://www.rfc-editor.org/rfc/rfc6454), in lower case, the port always given."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        default = _DEFAULT_PORT[self.scheme] == self.port
        return f"{self.scheme}://{self.host}" + ("" if default else f":{self.port}")


def parse_origin(text: str) -> Origin:
    """Return the text as an origin.

    Raises:
        ValueError: the text has a path, query, fragment, user or anything else beyond scheme, host and port, or it is
            plain ``http`` to a host that is not this machine. The message never repeats the text.
    """
    match = _ORIGIN.fullmatch(text)
    if match is None or ".." in match["host"]:
        raise ValueError(
            "an accounts server is an origin such as https://accounts.zoho.eu: "
            "scheme, host and port, with no path, query, fragment, user or final slash"
        )
    scheme, host = match["scheme"].lower(), match["host"].lower()
    port = int(match["port"]) if match["port"] else _DEFAULT_PORT[scheme]
    if not 0 < port <= _HIGHEST_PORT:
        raise ValueError("an accounts server's port is between 1 and 65535")
    if scheme == "http" and not _is_loopback(host):
        raise ValueError("an accounts server speaks https; plain http is for a loopback address alone")
    return Origin(scheme, host, port)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
