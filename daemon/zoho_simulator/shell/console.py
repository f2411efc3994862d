"""``/console``: the API console of a data centre."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from zoho_simulator.pages.client import client_page, made_code
from zoho_simulator.pages.console import form_page, list_page
from zoho_simulator.rules.console import complaint, new_client
from zoho_simulator.rules.records import Client, ClientKind
from zoho_simulator.shell.pages import form, sent_to, shown
from zoho_simulator.zoho import Zoho


def console_routes(zoho: Zoho, data_center: str) -> Sequence[Route]:
    """The console of this data centre; what is registered here has it for its home."""
    console = _Console(zoho, data_center)
    return [
        Route("/console", console.list),
        Route("/console/new/{kind}", console.ask),
        Route("/console/new/{kind}", console.create, methods=["POST"]),
        Route("/console/clients/{client_id}", console.show),
        Route("/console/clients/{client_id}", console.generate_code, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Console:
    zoho: Zoho
    data_center: str

    async def list(self, _: Request) -> Response:
        return shown(list_page(self.zoho.admin.clients(self.data_center), self.data_center))

    async def ask(self, request: Request) -> Response:
        return shown(form_page(_kind(request), self.data_center, self._others))

    async def create(self, request: Request) -> Response:
        kind, fields = _kind(request), await form(request)
        name, redirect_uris = fields.get("name", "").strip(), tuple(fields.get("redirect_uris", "").split())
        wrong = complaint(name, kind, redirect_uris)
        if wrong:
            return shown(form_page(kind, self.data_center, self._others, entered=fields, wrong=wrong), status=400)
        client = new_client(
            name,
            kind=kind,
            home=self.data_center,
            also_in=[place for place in self._others if place in fields.getlist("also_in")],
            same_secret="same_secret" in fields,
            redirect_uris=redirect_uris,
        )
        self.zoho.register(client)
        return sent_to(f"/console/clients/{client.client_id}", status=303)

    async def show(self, request: Request) -> Response:
        return shown(client_page(self._client(request)))

    async def generate_code(self, request: Request) -> Response:
        client, fields = self._client(request), await form(request)
        scope, minutes = fields.get("scope", ""), _minutes(fields.get("minutes", ""))
        try:
            code = self.zoho.admin.self_client_code(client, scope, minutes)
        except ValueError as refused:
            return shown(client_page(client, scope=scope, wrong=str(refused)), status=400)
        made = made_code(code, minutes=minutes, description=fields.get("description", ""))
        return shown(client_page(client, code=made))

    @property
    def _others(self) -> Sequence[str]:
        return [place.name for place in self.zoho.data_centers if place.name != self.data_center]

    def _client(self, request: Request) -> Client:
        wanted = request.path_params["client_id"]
        for client in self.zoho.admin.clients(self.data_center):
            if client.client_id == wanted:
                return client
        raise HTTPException(404, "No client of this id was registered in this data centre.")


def _kind(request: Request) -> ClientKind:
    try:
        return ClientKind(request.path_params["kind"])
    except ValueError:
        raise HTTPException(404, "Zoho has no client type of this name.") from None


def _minutes(text: str) -> int:
    return int(text) if text.isdecimal() else 0
