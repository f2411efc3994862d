"""``/oauth/v2/auth``: the consent page."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from zoho_simulator.pages.consent import consent_page, turned_away_page
from zoho_simulator.rules.consent import ConsentRequest, TurnedAwayError, reject
from zoho_simulator.shell.pages import form, sent_to, shown
from zoho_simulator.zoho import Zoho


def consent_routes(zoho: Zoho, data_center: str) -> Sequence[Route]:
    """The page of this data centre, and where its form goes."""

    async def ask(request: Request) -> Response:
        try:
            asked = zoho.admin.asked(data_center, request.query_params)
            return await _decide(zoho, asked, request) if request.method == "POST" else _shown(zoho, asked, data_center)
        except TurnedAwayError as turned_away:
            return shown(turned_away_page(turned_away, data_center), status=400)

    return [Route("/oauth/v2/auth", ask, methods=["GET", "POST"])]


def _shown(zoho: Zoho, asked: ConsentRequest, data_center: str, *, status: int = 200) -> Response:
    return shown(consent_page(asked, zoho.admin.people, data_center), status=status)


async def _decide(zoho: Zoho, asked: ConsentRequest, request: Request) -> Response:
    fields = await form(request)
    if fields.get("decision") != "yes":
        return sent_to(reject(asked))
    user = zoho.admin.person(fields.get("user", ""))
    if user is None:
        raise TurnedAwayError(
            "invalid_user", "Nobody of this address lives here; choose one of the people on the page."
        )
    return sent_to(zoho.admin.accept(asked, user))
