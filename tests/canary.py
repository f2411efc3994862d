"""Marked secrets, and the proof that none of them got out."""

import base64
import json
from collections.abc import Collection
from urllib.parse import quote


def assert_no_canary(canaries: Collection[str], *outputs: str | bytes) -> None:
    """None of the canaries is in any of the outputs: plain, quoted for a URL or JSON, in hex or base64."""
    assert canaries, "a search for nothing proves nothing"
    for output in outputs:
        text = output.decode("utf-8", "replace") if isinstance(output, bytes) else output
        found = [canary for canary in canaries if any(disguise in text for disguise in _disguises(canary))]
        assert not found, f"{found} got out in: {text[:2000]}"


def _disguises(canary: str) -> set[str]:
    raw = canary.encode()
    return {canary, quote(canary, safe=""), json.dumps(canary)[1:-1], raw.hex()} | {
        _base64_core(raw, offset) for offset in range(3)
    }


def _base64_core(raw: bytes, offset: int) -> str:
    """The characters of base64 that the canary alone decides, when ``offset`` bytes of its group stand before it."""
    text = base64.b64encode(bytes(offset) + raw).decode()
    return text[(0, 2, 3)[offset] : -4]
