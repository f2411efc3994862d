"""The control API: steers a simulator that runs in another process. JSON in and out.

    GET    /_control                the data centres and the time
    POST   /_control/clients        an application                 (fields: ``orders.AddClient``)
    POST   /_control/consents       a refresh token                (``orders.AddConsent``)
    POST   /_control/codes          a grant code                   (``orders.AddCode``)
    POST   /_control/devices        a person's yes or no           (``orders.DecideDevice``)
    POST   /_control/revocations    a refresh token dies           (``orders.Revoke``)
    POST   /_control/evictions      the oldest access tokens die   (``orders.Evict``)
    POST   /_control/clock          time passes                    (``orders.Advance``)
    POST   /_control/modules        a module of the CRM            (``orders.AddModule``)
    POST   /_control/records        records change                 (``orders.EditRecords``)
    POST   /_control/faults         things go wrong                (``orders.BringFault``)
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

from zoho_simulator import orders
from zoho_simulator.journal import Journal
from zoho_simulator.zoho import DataCenter, Zoho

_ORDERS: Final[Mapping[str, TypeAdapter[orders.Order]]] = {
    "clients": TypeAdapter(orders.AddClient),
    "consents": TypeAdapter(orders.AddConsent),
    "codes": TypeAdapter(orders.AddCode),
    "devices": TypeAdapter(orders.DecideDevice),
    "revocations": TypeAdapter(orders.Revoke),
    "evictions": TypeAdapter(orders.Evict),
    "clock": TypeAdapter(orders.Advance),
    "modules": TypeAdapter(orders.AddModule),
    "records": TypeAdapter(orders.EditRecords),
    "faults": TypeAdapter(orders.BringFault),
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
        return JSONResponse({"error": orders.complaint(wrong)}, status_code=400)
    except ValueError as refused:
        return JSONResponse({"error": str(refused)}, status_code=400)


def _done(act: Callable[[], None]) -> Callable[[Request], Response]:
    def endpoint(_: Request) -> Response:
        act()
        return JSONResponse({})

    return endpoint
