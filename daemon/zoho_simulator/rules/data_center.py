"""One data centre as a function: a request comes in, an answer goes out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from zoho_simulator.rules import crm, devices, revocation, tokens
from zoho_simulator.rules.errors import RefusedError
from zoho_simulator.rules.ledger import Ledger
from zoho_simulator.rules.messages import HTML, Answer, Request
from zoho_simulator.rules.routes import Endpoint

_SECRET_PARAMETERS: Final = frozenset(
    {"access_token", "client_secret", "code", "code_verifier", "device_code", "refresh_token", "token"}
)


def answer(ledger: Ledger, endpoint: Endpoint, request: Request, now: datetime) -> Answer:
    """What this data centre says to a request whose method and path are right.

    A secret in the URL is refused. The real Zoho takes it there, and even prints it so; that is how it gets into the
    logs of every proxy on the way, and why this one does not.
    """
    if misplaced_secrets(request):
        return _secret_in_url()
    try:
        return _lawful(ledger, endpoint, request, now)
    except RefusedError as refused:
        return refused.answer


def misplaced_secrets(request: Request) -> tuple[str, ...]:
    """The names of the URL's parameters that hold a secret."""
    return tuple(sorted(_SECRET_PARAMETERS & request.query.keys()))


def not_found() -> Answer:
    """There is nothing at this path."""
    return Answer(content="<html><body>Not found</body></html>", status=404, content_type=HTML)


def method_not_allowed(allowed: str) -> Answer:
    """The path takes another method."""
    page = "<html><body>Method not allowed</body></html>"
    return Answer(content=page, status=405, content_type=HTML, headers={"Allow": allowed})


def _lawful(ledger: Ledger, endpoint: Endpoint, request: Request, now: datetime) -> Answer:
    authorization = request.headers.get("authorization", "")
    match endpoint:
        case Endpoint.TOKEN:
            return tokens.token(ledger, request.form, now)
        case Endpoint.DEVICE_CODE:
            return devices.start(ledger, request.form, now)
        case Endpoint.DEVICE_TOKEN:
            return devices.poll(ledger, request.form, now)
        case Endpoint.REVOKE:
            return revocation.revoke_by_client(ledger, request.form, authorization)
        case Endpoint.REVOKE_OLD:
            return revocation.revoke_by_anyone(ledger, request.form)
        case Endpoint.SERVERINFO:
            return _serverinfo(ledger.locations)
        case Endpoint.API:
            return crm.answer(ledger, request, now)


def _serverinfo(locations: Mapping[str, str]) -> Answer:
    """https://zoho.com/accounts/protocol/oauth/multi-dc/client-authorization.html."""
    return Answer(content={"result": "success", "locations": dict(locations)})


def _secret_in_url() -> Answer:
    return Answer(
        content={
            "error": "secret_in_url",
            "error_description": "A secret in the URL lands in the logs of every proxy; send it in the form body.",
        },
        status=400,
    )
