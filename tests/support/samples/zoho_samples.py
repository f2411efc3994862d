"""Zoho's answers as they stand on the wire, one a file: shapes that were seen, with invented tokens."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from zoho_tokend.core.errors import TokendError
from zoho_tokend.zoho.response import ZohoResponse

RECEIVED_AT = datetime(2026, 7, 6, 10, 0, 0, tzinfo=UTC)

TargetRecord = TypeVar("TargetRecord")
Result = TypeVar("Result")

_FOLDER = Path(__file__).parent / "zoho"


def sample_bytes(name: str) -> bytes:
    """The whole answer, head and body."""
    return (_FOLDER / f"{name}.http").read_bytes()


def sample(name: str) -> ZohoResponse:
    """The answer as the transport hands it on."""
    head, _, body = sample_bytes(name).partition(b"\r\n\r\n")
    status_line, *header_lines = head.decode("ascii").split("\r\n")
    headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in header_lines)}
    return ZohoResponse(status=int(status_line.split()[1]), headers=headers, body=body, received_at=RECEIVED_AT)


def sample_names() -> list[str]:
    """Every sample's name."""
    return sorted(path.stem for path in _FOLDER.glob("*.http"))


def an_answer(body: object = None, *, status: int = 200, headers: dict[str, str] | None = None) -> ZohoResponse:
    """An answer with these very bytes, or with the JSON of anything else."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ZohoResponse(status=status, headers=headers or {}, body=raw, received_at=RECEIVED_AT)


def outcome(read: Callable[[TargetRecord], Result], told: TargetRecord) -> Result | TokendError:
    """What is read from it, or the error of ours that comes of that; any other error is a mistake of ours."""
    try:
        return read(told)
    except TokendError as error:
        return error
