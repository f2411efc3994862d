"""An HTTP answer of Zoho's, and the parsing that all of them share, which trusts no value. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.core import instants
from zoho_tokend.core.instants import http_date
from zoho_tokend.core.model import Secret

_TOKEN: Final = re.compile(r"[!-~]+")
_WORDS: Final = re.compile(r"[!-~]+(?: [!-~]+)*")
_LOCATION: Final = re.compile(r"[A-Za-z]{2,12}")
_WHOLE_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_LONGEST_RETRY_AFTER: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZohoResponse:
    """An HTTP answer, read whole.

    Attributes:
        headers: by lower-case name.
        received_at: our own time when its headers had arrived.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime

    @property
    def document(self) -> Mapping[str, object] | None:
        """The JSON object in the body; None where there is none."""
        try:
            document: object = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    @property
    def error(self) -> str:
        """The accounts server's error code; empty where there is none."""
        error = (self.document or {}).get("error")
        return error if isinstance(error, str) else ""

    @property
    def is_throttle(self) -> bool:
        """Whether Zoho says that there were too many requests, at whatever status.

        Seen with 400 and with 200: https://help.zoho.com/portal/en/community/topic/kaizen-43-tokens-and-limitations.
        The words "Access Denied" alone are not enough in a page: a firewall's page says them too.
        """
        return self.error.strip().casefold() == "access denied" or b"too many requests" in self.body.lower()

    @property
    def retry_after(self) -> timedelta | None:
        """The least time to wait, at most half an hour (https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)."""
        text = self.headers.get("retry-after", "").strip()
        if _WHOLE_SECONDS.fullmatch(text):
            wait = timedelta(seconds=int(text))
        elif (until := http_date(text)) is not None:
            wait = until - (http_date(self.headers.get("date", "")) or self.received_at)
        else:
            return None
        return min(wait, _LONGEST_RETRY_AFTER) if wait > timedelta() else None


def clock_skew(answer: ZohoResponse) -> timedelta | None:
    """Return how far Zoho's clock is ahead of ours at least; None where the answer has no ``Date``."""
    date = http_date(answer.headers.get("date", ""))
    return None if date is None else instants.clock_skew(date, answer.received_at)


def number(value: object) -> float | None:
    """Return the value as a number, if it is one or the text of one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def words(value: object) -> str | None:
    """Return the value if it is one line of printable ASCII."""
    return value if isinstance(value, str) and _WORDS.fullmatch(value) else None


def location(value: object) -> str | None:
    """Return the value if it looks like Zoho's name of a data centre (``eu``)."""
    return value.lower() if isinstance(value, str) and _LOCATION.fullmatch(value) else None


def token(value: object) -> Secret:
    """Return the value as a token.

    Raises:
        ValueError: it is not one; a line break in it would inject headers into every request of every job.
    """
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("Zoho's answer holds a token with characters that no token has")
    return Secret(value)
