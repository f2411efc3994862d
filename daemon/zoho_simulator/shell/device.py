"""``/oauth/v3/device``: the device page."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from zoho_simulator.pages.device import code_page, decided_page, device_page
from zoho_simulator.rules.records import Client, DeviceCode
from zoho_simulator.shell.pages import form, shown
from zoho_simulator.zoho import Zoho


def device_routes(zoho: Zoho, data_center: str) -> Sequence[Route]:
    """The page of this data centre, and where its forms go."""

    async def ask(request: Request) -> Response:
        typed = request.query_params.get("user_code")
        if typed is None:
            return shown(code_page(data_center))
        waiting = zoho.admin.device(typed)
        if waiting is None:
            wrong = "No device waits with this code; look at your device again, or start there anew."
            return shown(code_page(data_center, wrong=wrong), status=400)
        if request.method == "POST":
            return await _decide(zoho, data_center, *waiting, request)
        return shown(device_page(*waiting, zoho.admin.people, data_center))

    return [Route("/oauth/v3/device", ask, methods=["GET", "POST"])]


async def _decide(zoho: Zoho, data_center: str, client: Client, device: DeviceCode, request: Request) -> Response:
    fields = await form(request)
    approved = fields.get("decision") == "yes"
    user = zoho.admin.person(fields.get("user", ""))
    try:
        if not approved:
            zoho.refuse_device(device.user_code)
        elif user is None:
            raise ValueError("nobody of this address lives here")
        else:
            zoho.approve_device(device.user_code, user)
    except ValueError as refused:
        wrong = f"It cannot be approved so: {refused}; choose another person."
        return shown(device_page(client, device, zoho.admin.people, data_center, wrong=wrong), status=400)
    return shown(decided_page(client, data_center, approved=approved))
