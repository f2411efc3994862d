"""A little of Zoho CRM's API: enough to see whether a token is accepted, and why not.

Shapes after https://github.com/zoho/crm-oas (v8.0); every record is invented.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from zoho_simulator.rules import shapes
from zoho_simulator.rules.ledger import Ledger
from zoho_simulator.rules.messages import Answer
from zoho_simulator.rules.records import AccessToken

_PATH: Final = re.compile(r"/crm/v[2-8](?:\.1)?/(?P<resource>[A-Za-z_]+)")
_HEADER: Final = re.compile(r"Zoho-oauthtoken (?P<token>\S+)")
_RECORDS: Final[Mapping[str, tuple[Mapping[str, object], ...]]] = {
    "leads": (
        {"id": "5001", "Last_Name": "Marlow", "Company": "Northwind Kites", "Email": "marlow@example.com"},
        {"id": "5002", "Last_Name": "Okafor", "Company": "Tidewater Looms", "Email": "okafor@example.com"},
    ),
    "contacts": ({"id": "6001", "Last_Name": "Lindqvist", "Email": "lindqvist@example.com"},),
    "accounts": ({"id": "7001", "Account_Name": "Tidewater Looms"},),
    "deals": ({"id": "8001", "Deal_Name": "Forty looms", "Stage": "Qualification", "Amount": 18000},),
}


def read(ledger: Ledger, path: str, authorization: str, now: datetime) -> Answer:
    """The answer to ``GET`` on a path of the CRM.

    The prefix ``Zoho-oauthtoken`` is literal (https://github.com/zoho/zohocrm-python-sdk-8.0). An expired, revoked,
    evicted or foreign token is ``INVALID_TOKEN``, a token of the wrong data centre too
    (https://github.com/trycompai/comp/pull/3229). *Assumed*: another prefix, or none, is ``AUTHENTICATION_FAILURE``,
    and the token is judged before the path.
    """
    header = _HEADER.fullmatch(authorization)
    if header is None:
        return authentication_failure()
    access = ledger.access(header["token"], now)
    if access is None:
        return _refusal(401, "INVALID_TOKEN", "invalid oauth token")
    if access.user is not None and not access.user.api_access:
        return _refusal(403, "NO_PERMISSION", "permission denied", permissions=["Crm_Implied_Api_Access"])
    match = _PATH.fullmatch(path)
    return _resource(match["resource"].lower(), access) if match else _no_such_path()


def authentication_failure() -> Answer:
    """What is seen now and then in place of ``INVALID_TOKEN`` (https://github.com/rikas/zoho_hub/pull/34)."""
    return _refusal(401, "AUTHENTICATION_FAILURE", "Authentication failed")


def _resource(resource: str, access: AccessToken) -> Answer:
    if resource not in {"org", "users", *_RECORDS}:
        return _no_such_path()
    if not shapes.scopes(access.scope) & _opened_by(resource):
        return _refusal(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")
    if resource == "org":
        return Answer(content={"org": [_organisation(access)]})
    if resource == "users":
        return Answer(content={"users": [_current_user(access)], "info": _page(1)})
    return Answer(content={"data": list(_RECORDS[resource]), "info": _page(len(_RECORDS[resource]))})


def _opened_by(resource: str) -> frozenset[str]:
    """The scopes that open a resource; Zoho's own pages differ in their capitals, so these are lower case."""
    groups = (
        [f"zohocrm.{resource}"] if resource in {"org", "users"} else ["zohocrm.modules", f"zohocrm.modules.{resource}"]
    )
    return frozenset(f"{group}.{verb}" for group in groups for verb in ("all", "read"))


def _organisation(access: AccessToken) -> Mapping[str, object]:
    org_id = access.user.org_id if access.user else "60001234567"
    return {"id": org_id, "zgid": org_id, "company_name": "Tidewater Looms", "domain_name": f"org{org_id}"}


def _current_user(access: AccessToken) -> Mapping[str, object]:
    email = access.user.email if access.user else "api@example.com"
    return {"id": "9001", "email": email, "full_name": email.partition("@")[0], "status": "active"}


def _page(count: int) -> Mapping[str, object]:
    return {"page": 1, "per_page": 200, "count": count, "more_records": False}


def _no_such_path() -> Answer:
    return _refusal(400, "INVALID_URL_PATTERN", "no such resource")


def _refusal(status: int, code: str, message: str, **details: object) -> Answer:
    return Answer(content={"code": code, "details": details, "message": message, "status": "error"}, status=status)
