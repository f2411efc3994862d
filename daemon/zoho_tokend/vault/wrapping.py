"""A secret id that comes wrapped: a token that gives it out once, so that whoever stole it on the way is found out.

https://developer.hashicorp.com/vault/docs/concepts/response-wrapping
"""

import re
from typing import Final

from zoho_tokend.core.errors import VaultLoginRefused
from zoho_tokend.core.events import VaultOutcome
from zoho_tokend.core.model import Secret
from zoho_tokend.vault.line import Line
from zoho_tokend.vault.request import lookup_wrapping, unwrap

_WRAPPING_TOKEN: Final = re.compile(r"(?:hvs|s)\.[A-Za-z0-9_.-]{20,}")


def is_wrapped(secret_id: Secret) -> bool:
    """Whether it is a wrapping token by its look; a secret id that Vault makes is a UUID."""
    return _WRAPPING_TOKEN.fullmatch(secret_id.reveal()) is not None


def unwrapped_secret_id(line: Line, wrapping_token: Secret, *, mount: str) -> Secret:
    """The secret id inside, after the token is seen to come from the AppRole method at ``mount``.

    Raises:
        VaultLoginRefused: it comes from elsewhere, or is used up: somebody may have been there first.
        VaultUnavailable: Vault gave no usable answer.
    """
    found = line.ask(lookup_wrapping(wrapping_token.reveal()))
    if found.outcome is not VaultOutcome.OK:
        raise _used_up()
    origin = found.at("data", "creation_path")
    if not isinstance(origin, str) or not re.fullmatch(
        rf"auth/{re.escape(mount)}/role/[^/]+/(?:custom-)?secret-id", origin
    ):
        raise VaultLoginRefused(
            f"VAULT_SECRET_ID: the wrapping token was not made by the AppRole method at auth/{mount}: "
            "somebody may have swapped it; it was left alone"
        )
    inside = line.ask(unwrap(), token=wrapping_token)
    secret_id = inside.at("data", "secret_id")
    if inside.outcome is not VaultOutcome.OK or not isinstance(secret_id, str):
        raise _used_up()
    return Secret(secret_id)


def _used_up() -> VaultLoginRefused:
    return VaultLoginRefused(
        "VAULT_SECRET_ID: the wrapping token is used up or expired: if this daemon did not unwrap it, "
        "somebody may have intercepted it; destroy that secret id and hand out a new one"
    )
