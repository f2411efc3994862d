"""Ask the running daemon through its endpoints."""

import asyncio
import json
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from zoho_tokend.core.facts import HEALTHY
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.settings import Listen

_SECONDS: Final = 3
_LARGEST: Final = 1024 * 1024
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def local_address(listen: Listen) -> str:
    """Return the address of a daemon with this LISTEN, seen from the same machine."""
    return f"http://{Listen(_EVERYWHERE.get(listen.host, listen.host), listen.port)}"


def get(address: str, path: str) -> tuple[int, str]:
    """Return the status and the text of one response.

    Raises:
        OSError, HTTPException: there was none.
    """
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(_LARGEST).decode(errors="replace")
    finally:
        connection.close()


async def pickup_sentence(connection: ConnectionName, address: str, *, within: timedelta) -> str:
    """Wait for the daemon there to pick the connection up, at most this long; return a sentence about it."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within.total_seconds()
    while True:
        try:
            row = await asyncio.to_thread(_row, address, connection)
        except (OSError, HTTPException, ValueError, KeyError, TypeError):
            return f"No daemon answers at {address}; a running one picks {connection} up by itself"
        if row is not None and row["state"] in HEALTHY:
            return f"The daemon at {address} has picked {connection} up: next refresh at {row['next_refresh_at']}"
        if loop.time() >= end:
            state = "does not know it yet" if row is None else f"says {row['state']}: {row['error']}"
            return f"The daemon at {address} {state}"
        await asyncio.sleep(1)


def _row(address: str, connection: ConnectionName) -> dict[str, object] | None:
    status, text = get(address, f"/status?search={connection}&limit=1000")
    if status != HTTPStatus.OK:
        raise ValueError(f"/status answers {status}")
    rows: list[dict[str, object]] = json.loads(text)["connections"]
    return next((row for row in rows if row["name"] == connection), None)
