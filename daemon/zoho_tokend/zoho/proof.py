"""Whether Zoho's API takes a token, and whose it is. Pure.

Any call proves a token, with its scope or without: a missing scope has its own answer, which a dead token never gets
(https://github.com/trufflesecurity/trufflehog, pkg/detectors/zohocrm). This one also returns the organisation.
"""

import re
from collections.abc import Mapping
from typing import Final

from zoho_tokend.core.consent import Alive, AliveWithoutScope, Dead, NoApiAccess, Proof, Unproven
from zoho_tokend.core.model import Secret
from zoho_tokend.zoho.response import ZohoResponse

PROOF_PATH: Final = "/crm/v8/org"
"""https://github.com/zoho/crm-oas (v8.0, org.json); it costs a little of the organisation's API credit."""

_OK: Final = 200
_DIGITS: Final = re.compile(r"[0-9]{1,30}")
_LONGEST_NAME: Final = 200
_VERDICTS: Final[Mapping[str, Proof]] = {
    "OAUTH_SCOPE_MISMATCH": AliveWithoutScope(),
    "NO_PERMISSION": NoApiAccess(),
    "INVALID_TOKEN": Dead(),
    # The name in the Accounts pages: https://help.zoho.com/portal/en/kb/accounts
    "INVALID_OAUTHTOKEN": Dead(),
    # Seen in place of INVALID_TOKEN, in both spellings: https://github.com/rikas/zoho_hub/pull/34,
    # https://help.zoho.com/portal/en/community/topic/kaizen-25-zoho-crm-api-common-errors-and-error-handling
    "AUTHENTICATION_FAILURE": Dead(),
    "AUTHENTICATION_FAILED": Dead(),
}


def api_authorization(access_token: Secret) -> Secret:
    """Return the header's value; the scheme is Zoho's own, and not ``Bearer`` (https://github.com/zoho/zohocrm-python-sdk-8.0)."""
    return Secret(f"Zoho-oauthtoken {access_token.reveal()}")


def proof(answer: ZohoResponse) -> Proof:
    """Return what the answer proves; never raise."""
    fields = answer.document or {}
    code = fields.get("code")
    if isinstance(code, str) and code in _VERDICTS:
        return _VERDICTS[code]
    match fields.get("org"):
        case [dict() as organisation, *_] if answer.status == _OK:
            return _alive(organisation)
    return Unproven(f"Zoho's API answers HTTP {answer.status} with nothing that proves or disproves the token")


def _alive(fields: Mapping[str, object]) -> Alive:
    return Alive(
        organisation=_line(fields.get("company_name")), org_id=_id(fields.get("zgid")) or _id(fields.get("id"))
    )


def _line(value: object) -> str | None:
    """Return the value if it may be printed on a terminal."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        return None
    return value.strip()[:_LONGEST_NAME]


def _id(value: object) -> str | None:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text if isinstance(text, str) and _DIGITS.fullmatch(text) else None
