"""Zoho CRM's API: whether a token is accepted and why not, what the organisation has, and its records.

Shapes after https://github.com/zoho/crm-oas (v8.0); every record is invented.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from zoho_simulator.rules import crm_records, shapes
from zoho_simulator.rules.crm_records import refusal
from zoho_simulator.rules.ledger import Ledger
from zoho_simulator.rules.messages import Answer, Request
from zoho_simulator.rules.organisation import Module, Organisation
from zoho_simulator.rules.records import AccessToken

_PATH: Final = re.compile(r"/crm/v[2-8](?:\.1)?/(?P<resource>[A-Za-z_0-9]+(?:/deleted|/fields|/modules)?)")
_BULK_PATH: Final = re.compile(r"/crm/bulk/v[2-8](?:\.1)?/read(?:/(?P<job>[0-9]+)(?P<result>/result)?)?")
_HEADER: Final = re.compile(r"Zoho-oauthtoken (?P<token>\S+)")


def answer(ledger: Ledger, request: Request, now: datetime) -> Answer:
    """What the CRM says to a request.

    The prefix ``Zoho-oauthtoken`` is literal (https://github.com/zoho/zohocrm-python-sdk-8.0). An expired, revoked,
    evicted or foreign token is ``INVALID_TOKEN``, a token of the wrong data centre too
    (https://github.com/trycompai/comp/pull/3229). *Assumed*: another prefix, or none, is ``AUTHENTICATION_FAILURE``,
    the token is judged before the path, and a call that finds no credit left is a 429 without ``Retry-After``.
    """
    header = _HEADER.fullmatch(request.headers.get("authorization", ""))
    if header is None:
        return authentication_failure()
    access = ledger.access(header["token"], now)
    if access is None:
        return refusal(401, "INVALID_TOKEN", "invalid oauth token")
    if access.user is not None and not access.user.api_access:
        return refusal(403, "NO_PERMISSION", "permission denied", permissions=["Crm_Implied_Api_Access"])
    organisation = ledger.organisation
    if not organisation.credits:
        return refusal(429, "LIMIT_EXCEEDED", "You have exceeded the API credits of the day")
    organisation.credits -= 1
    said = _routed(organisation, request, access, now)
    return replace(said, headers={**said.headers, "X-API-CREDITS-REMAINING": str(organisation.credits)})


def authentication_failure() -> Answer:
    """What is seen now and then in place of ``INVALID_TOKEN`` (https://github.com/rikas/zoho_hub/pull/34)."""
    return refusal(401, "AUTHENTICATION_FAILURE", "Authentication failed")


def _routed(organisation: Organisation, request: Request, access: AccessToken, now: datetime) -> Answer:
    granted = shapes.scopes(access.scope)
    bulk = _BULK_PATH.fullmatch(request.path)
    if bulk is not None:
        if not granted & _verbs("bulk"):
            return _scope_mismatch()
        if bulk["job"] is None:
            return crm_records.create_job(organisation, request.body)
        asked = crm_records.job_result if bulk["result"] else crm_records.job_state
        return asked(organisation, bulk["job"])
    match = _PATH.fullmatch(request.path)
    if match is None:
        return _no_such_path()
    resource, _, part = match["resource"].partition("/")
    module = next((each for name, each in organisation.modules.items() if name.lower() == resource.lower()), None)
    if module is not None and part in {"", "deleted"}:
        if not granted & (_verbs("modules") | _verbs(f"modules.{resource.lower()}")):
            return _scope_mismatch()
        since = request.headers.get("if-modified-since")
        ask = crm_records.deleted if part else crm_records.page
        return ask(organisation, module, request.query, datetime.fromisoformat(since) if since else None, now)
    if (resource, part) not in {("org", ""), ("users", ""), ("settings", "modules"), ("settings", "fields")}:
        return _no_such_path()
    if not granted & (_verbs(f"{resource}.{part}") | _verbs(resource)):
        return _scope_mismatch()
    return _about(organisation, part or resource, request.query, access)


def _about(organisation: Organisation, what: str, query: Mapping[str, str], access: AccessToken) -> Answer:
    match what:
        case "org":
            return Answer(content={"org": [_organisation(access)]})
        case "users":
            info = {"page": 1, "per_page": 200, "count": 1, "more_records": False}
            return Answer(content={"users": [_current_user(access)], "info": info})
        case "modules":
            return Answer(content={"modules": [_module(each) for each in organisation.modules.values()]})
        case _:
            return _fields_of(organisation.modules.get(query.get("module", "")))


def _fields_of(asked: Module | None) -> Answer:
    if asked is None:
        return refusal(400, "INVALID_MODULE", "the module name given seems to be invalid", param_name="module")
    return Answer(content={"fields": _fields(asked)})


def _verbs(group: str) -> frozenset[str]:
    """The scopes that open a resource; Zoho's own pages differ in their capitals, so these are lower case."""
    return frozenset(f"zohocrm.{group}.{verb}" for verb in ("all", "read"))


def _module(module: Module) -> Mapping[str, object]:
    """https://www.zoho.com/crm/developer/docs/api/v8/modules-api.html."""
    return {
        "api_name": module.api_name,
        "module_name": module.api_name,
        "plural_label": module.api_name,
        "generated_type": "default" if module.api_name in {"Leads", "Contacts", "Accounts", "Deals"} else "custom",
        "api_supported": True,
        "viewable": True,
    }


def _fields(module: Module) -> list[Mapping[str, object]]:
    """https://www.zoho.com/crm/developer/docs/api/v8/field-meta.html."""
    stamps = [
        ("id", "bigint", "string"),
        ("Created_Time", "datetime", "string"),
        ("Modified_Time", "datetime", "string"),
    ]
    known = [*stamps, *((each.api_name, each.data_type, each.json_type) for each in module.fields)]
    return [{"api_name": name, "data_type": kind, "json_type": json, "visible": True} for name, kind, json in known]


def _organisation(access: AccessToken) -> Mapping[str, object]:
    org_id = access.user.org_id if access.user else "60001234567"
    return {"id": org_id, "zgid": org_id, "company_name": "Tidewater Looms", "domain_name": f"org{org_id}"}


def _current_user(access: AccessToken) -> Mapping[str, object]:
    email = access.user.email if access.user else "api@example.com"
    return {"id": "9001", "email": email, "full_name": email.partition("@")[0], "status": "active"}


def _scope_mismatch() -> Answer:
    return refusal(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")


def _no_such_path() -> Answer:
    return refusal(400, "INVALID_URL_PATTERN", "no such resource")
