"""The control API: steers a simulator that runs in another process. JSON in and out.

    GET    /_control                the data centres and the time
    POST   /_control/clients        an application                 (fields: ``control_requests.AddClient``)
    POST   /_control/consents       a refresh token                (``control_requests.AddConsent``)
    POST   /_control/codes          a grant code                   (``control_requests.AddCode``)
    POST   /_control/devices        a person's yes or no           (``control_requests.DecideDevice``)
    POST   /_control/revocations    a refresh token dies           (``control_requests.Revoke``)
    POST   /_control/evictions      the oldest access tokens die   (``control_requests.Evict``)
    POST   /_control/clock          time passes                    (``control_requests.Advance``)
    POST   /_control/modules        a module of the CRM            (``control_requests.AddModule``)
    POST   /_control/records        records change                 (``control_requests.EditRecords``)
    POST   /_control/faults         things go wrong                (``control_requests.BringFault``)
    DELETE /_control/faults         all is well again
    GET    /_control/journal        every request, without a secret
    DELETE /_control/journal        forget them

What is wrong with an order comes back as HTTP 400 and ``{"error": "one sentence"}``.
"""

from collections.abc import Callable, Mapping
from typing import Final

from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from zoho_simulator import control_requests
from zoho_simulator.journal import Journal
from zoho_simulator.zoho import DataCenter, Zoho

_ORDERS: Final[Mapping[str, TypeAdapter[control_requests.ControlRequest]]] = {
    "clients": TypeAdapter(control_requests.AddClient),
    "consents": TypeAdapter(control_requests.AddConsent),
    "codes": TypeAdapter(control_requests.AddCode),
    "devices": TypeAdapter(control_requests.DecideDevice),
    "revocations": TypeAdapter(control_requests.Revoke),
    "evictions": TypeAdapter(control_requests.Evict),
    "clock": TypeAdapter(control_requests.Advance),
    "modules": TypeAdapter(control_requests.AddModule),
    "records": TypeAdapter(control_requests.EditRecords),
    "faults": TypeAdapter(control_requests.BringFault),
}
_JOURNAL: Final = TypeAdapter(Journal)


def control_app(zoho: Zoho) -> Starlette:
    """The control API of this Zoho."""

    async def overview(_: Request) -> Response:
        return JSONResponse({"now": zoho.now().isoformat(), "data_centers": addresses(zoho.data_centers)})

    async def order(request: Request) -> Response:
        return _carried_out(zoho, request.path_params["what"], await request.body())

    async def journal(_: Request) -> Response:
        return Response(_JOURNAL.dump_json(zoho.journal), media_type="application/json")

    return Starlette(
        routes=[
            Route("/_control", overview),
            Route("/_control/journal", journal),
            Route("/_control/journal", _done(zoho.journal.clear), methods=["DELETE"]),
            Route("/_control/faults", _done(zoho.clear_faults), methods=["DELETE"]),
            Route("/_control/{what}", order, methods=["POST"]),
        ]
    )


def addresses(data_centers: tuple[DataCenter, ...]) -> dict[str, dict[str, str]]:
    """The origins of each data centre by its name."""
    return {
        place.name: {"accounts_server": place.accounts_server, "api_domain": place.api_domain} for place in data_centers
    }


def _carried_out(zoho: Zoho, what: str, body: bytes) -> Response:
    kind = _ORDERS.get(what)
    if kind is None:
        return JSONResponse({"error": f"there are orders for {', '.join(_ORDERS)}"}, status_code=404)
    try:
        return JSONResponse(kind.validate_json(body or b"{}").carry_out(zoho))
    except ValidationError as wrong:
        return JSONResponse({"error": control_requests.complaint(wrong)}, status_code=400)
    except ValueError as refused:
        return JSONResponse({"error": str(refused)}, status_code=400)


def _done(act: Callable[[], None]) -> Callable[[Request], Response]:
    def endpoint(_: Request) -> Response:
        act()
        return JSONResponse({})

    return endpoint
