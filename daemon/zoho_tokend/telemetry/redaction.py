"""Takes secrets out of whatever is about to be logged: by the name they stand under, and by their shape.

Pure, and the last line of defence: ``Secret`` and the events already keep them away. It rather takes too much of a text
that looks like a secret than too little, but leaves names, addresses and times as they are.
"""

import math
import re
from collections.abc import Mapping, Set
from datetime import date, datetime, timedelta
from typing import Final

HIDDEN: Final = "***"

_TOO_DEEP: Final = "(nested too deeply to show)"
_DEEPEST: Final = 12

_NAMES: Final = (
    r"(?:[a-z0-9]+[_-])*(?:token|secret|password|passwd|passphrase|assertion|jwt|api[_-]?key|private[_-]?key)"
    r"|(?:grant[_-]|device[_-]|auth[_-])?code|secret[_-]?id|(?:proxy-)?authorization|(?:set-)?cookie|credentials?"
)
_SECRET_NAME: Final = re.compile(rf"(?:{_NAMES})", re.IGNORECASE)

# Shapes of Zoho: daemon documentation of its formats, https://www.zoho.com/accounts/protocol/oauth/web-apps/access-token.html
# Shapes of Vault: https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes
# A short prefix such as "s." also ends a word ("requests.…"): glued to one, the rest must look random.
_SHAPES: Final = re.compile(
    r"100\d\.[0-9A-Za-z]{16,}(?:\.[0-9A-Za-z]+)?"
    r"|[0-9a-fA-F]{42,}"
    r"|hv[sbr]\.[\w-]{8,}"
    r"|(?<!\w)(?:s\.[A-Za-z0-9]{24,}|b\.[\w-]{24,})"
    r"|[sb]\.(?=[\w-]*[0-9])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[A-Za-z0-9][\w-]{23,}"
    r"|eyJ[\w-]{8,}(?:\.[\w-]*)*"
    r"|(?:-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
)
_SPENT: Final = re.compile(
    r"\b(Zoho-oauthtoken\s+)[^\s\"',;}]+|\b((?:Bearer|Basic)\s+)[\w.~+/=-]{20,}", re.IGNORECASE
)
