"""How Zoho's ids, secrets and tokens look. The kinds of token cannot be told apart by shape.

https://github.com/trufflesecurity/trufflehog (pkg/detectors/zohocrm),
https://github.com/bk-rs/oauth2-rs (providers/oauth2-zoho/docs),
https://zoho.com/accounts/protocol/oauth/devices/polling-request.html (``1004.`` of the device flow).
"""

import hashlib
import re
import secrets
import string
from typing import Final

ORDINARY: Final = "1000"
DEVICE: Final = "1004"

_CLIENT_ID_LETTERS: Final = string.ascii_uppercase + string.digits
_USER_CODE_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_SCOPE: Final = re.compile(r"[A-Za-z]+(\.[A-Za-z_]+)+\.(ALL|READ|CREATE|UPDATE|DELETE|WRITE)", re.IGNORECASE)


def new_token(family: str = ORDINARY) -> str:
    """A fresh access token, refresh token, grant code or device code: ``1000.<32 hex>.<32 hex>``."""
    return f"{family}.{secrets.token_hex(16)}.{secrets.token_hex(16)}"


def new_client_id(family: str = ORDINARY) -> str:
    """A fresh client id: ``1000.`` and 30 capitals and digits."""
    return f"{family}." + "".join(secrets.choice(_CLIENT_ID_LETTERS) for _ in range(30))


def new_client_secret() -> str:
    """A fresh client secret: 42 hex digits."""
    return secrets.token_hex(21)


def new_user_code() -> str:
    """A fresh code that a person types on the device page; *assumed* to have two groups of four consonants."""
    letters = "".join(secrets.choice(_USER_CODE_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def as_user_code(typed: str) -> str:
    """The code as the device shows it, from what a person typed: small letters or no hyphen do no harm."""
    letters = "".join(letter for letter in typed.upper() if letter.isalpha())
    return f"{letters[:4]}-{letters[4:]}"


def scopes(text: str) -> frozenset[str]:
    """The single scopes of a text that separates them by commas (requests) or spaces (answers), in lower case."""
    return frozenset(text.lower().replace(",", " ").split())


def is_scope(text: str) -> bool:
    """Whether every part of the text looks like a scope: ``ZohoCRM.modules.READ``."""
    return bool(scopes(text)) and all(_SCOPE.fullmatch(scope) for scope in scopes(text))


def fingerprint(secret: str) -> str:
    """The first 16 hex digits of its SHA-256: names a secret without holding it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]
