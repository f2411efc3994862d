"""Removes secrets from whatever is about to be logged, by their name and by their shape.

Pure, and the last line of defence: ``Secret`` and the events already keep secrets out. It prefers to remove too much of
a text that looks like a secret; names, addresses and times stay as they are.
"""

import math
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from typing import Final

HIDDEN: Final = "***"

_DEEPEST: Final = 12
_TOO_DEEP: Final = "(nested too deeply to show)"

_NAMES: Final = (
    r"token|secret|secret[_-]?id|password|passwd|passphrase|assertion|jwt|api[_-]?key|private[_-]?key|key[_-]?material"
    r"|authorization|cookie|(?:grant|device|auth)[_-]?code"
)
_SECRET_NAME: Final = re.compile(rf"(?:.*(?:{_NAMES})|code)\Z", re.IGNORECASE | re.DOTALL)

_PAIR: Final = re.compile(
    # refresh_token=… in forms, queries and reprs; "code=" too, but for a short number, which is a status
    rf"((?:{_NAMES}|(?<![a-z_])code(?!=\d{{1,3}}\b))=)(?:'[^']*'|\"[^\"]*\"|[^\s&\"',;)\]}}]+)"
    # "refresh_token": "…" in JSON and reprs, escaped or not
    rf"|((?:{_NAMES}|(?<![a-z_])code)\\*[\"']\s*:\s*b?\\*[\"'])[^\"'\\]+"
    # X-Vault-Token: …, to the end of the line
    r"|((?:x-vault-token|authorization|cookie)\s*:\s*)[^\r\n\"']+"
    # Zoho-oauthtoken … and its kin: long ones only where the scheme is an English word
    r"|(zoho-oauthtoken\s+)[^\s\"',;}]+"
    r"|((?:bearer|basic)\s+)[\w.~+/=-]{20,}"
    # https://user:password@host
    r"|(://)[^\s/@:]*:[^\s/@]+(?=@)",
    re.IGNORECASE,
)
_SHAPE: Final = re.compile(
    # Zoho's tokens, codes and client ids, cut short or whole, and its client secrets
    r"100\d\.[0-9A-Za-z]{16,}(?:\.[0-9A-Za-z]+)?"
    r"|[0-9a-fA-F]{42,}"
    # Vault's tokens (https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes): the short prefixes
    # also end a word, as in "requests.", and glued to one only a random text is taken for a token
    r"|hv[sbr]\.[\w-]{8,}"
    r"|(?<![\w.])(?:s\.[A-Za-z0-9]{24,}|b\.[\w-]{24,})"
    r"|[sb]\.(?=[\w-]*[0-9])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{24,}"
    # JSON web tokens (https://www.rfc-editor.org/rfc/rfc7519) and private keys
    r"|eyJ(?:[\w-]{32,}|[\w-]{10,31}\.)[\w.-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
# This keeps a line cheap: most texts are one short word, or contain none of the words that a pair begins with.
_WORD: Final = re.compile(r"token|secret|pass|assertion|jwt|key|auth|cookie|code|bearer|basic|://")
_SHORTEST_WITHOUT_DOT: Final = 42


def redact(value: object) -> object:
    """Return the value in the types of JSON, without what looks like a secret; never raise.

    Mappings, sequences and sets keep their shape; bytes stay bytes; everything else is its text.
    """
    return _redact(value, 0)


def redact_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields, each redacted by its name or, where the name is harmless, by its value."""
    return _redact_mapping(fields, 0)


def redact_text(text: str) -> str:
    """Return the text without what looks like a secret; a second call changes nothing more."""
    dotless = len(text) < _SHORTEST_WITHOUT_DOT and "." not in text
    if dotless and text.isidentifier():
        return text
    if _WORD.search(text.lower()):
        text = _PAIR.sub(_keep_name, text)
    return text if dotless else _SHAPE.sub(HIDDEN, text)


def _redact(value: object, depth: int) -> object:
    match value:
        case str():
            return redact_text(value)
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case bytes() | bytearray():
            return redact_text(value.decode("latin-1")).encode("latin-1")
        case _ if depth >= _DEEPEST:
            return _TOO_DEEP
        case Mapping():
            return _redact_mapping(value, depth + 1)
        case Sequence() | AbstractSet():
            return [_redact(inner, depth + 1) for inner in value]
        case _:
            return redact_text(_text(value))


def _redact_mapping(mapping: Mapping[object, object] | Mapping[str, object], depth: int) -> dict[str, object]:
    return dict(_redact_pair(key, value, depth) for key, value in mapping.items())


def _redact_pair(key: object, value: object, depth: int) -> tuple[str, object]:
    name = key if isinstance(key, str) else _text(key)
    secret = _WORD.search(name.lower()) and _SECRET_NAME.match(name)
    hidden = secret and value is not None and not isinstance(value, bool)
    return redact_text(name), HIDDEN if hidden else _redact(value, depth)


def _text(value: object) -> str:
    try:
        return str(value) if isinstance(value, date | timedelta | BaseException) else repr(value)
    except Exception:  # noqa: BLE001 - a foreign __repr__ may raise anything, and a log line must not
        return f"(a {type(value).__name__} that cannot be shown)"


def _keep_name(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None) + HIDDEN
