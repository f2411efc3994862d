"""Visits the pages of a simulated Zoho as a browser would, without one."""

from urllib.parse import parse_qsl, urlsplit

import httpx

from zoho_simulator import Client, DataCenter

SCOPE = "ZohoCRM.modules.READ,ZohoCRM.users.READ"


def consent_url(place: DataCenter, client: Client, **changes: str | None) -> str:
    """The URL of the consent page; a change to None leaves the parameter out."""
    usual = {
        "client_id": client.client_id,
        "response_type": "code",
        "redirect_uri": client.redirect_uris[0] if client.redirect_uris else "",
        "scope": SCOPE,
        "access_type": "offline",
        "prompt": "consent",
        "state": "s 1&2",
    }
    query = {name: value for name, value in (usual | changes).items() if value is not None}
    return str(httpx.URL(f"{place.accounts_server}/oauth/v2/auth", params=query))


async def accepted(http: httpx.AsyncClient, url: str, user: str = "ann@example.com") -> httpx.Response:
    return await http.post(url, data={"decision": "yes", "user": user})


async def rejected(http: httpx.AsyncClient, url: str, user: str = "ann@example.com") -> httpx.Response:
    return await http.post(url, data={"decision": "no", "user": user})


def query(response: httpx.Response) -> dict[str, str]:
    """The query of the redirect."""
    return dict(_parameters(response, fragment=False))


def fragment(response: httpx.Response) -> dict[str, str]:
    """The fragment of the redirect."""
    return dict(_parameters(response, fragment=True))


def order(response: httpx.Response) -> list[str]:
    """The names in the redirect's query, in order."""
    return [name for name, _ in _parameters(response, fragment=False)]


async def exchanged(
    http: httpx.AsyncClient, place: DataCenter, client: Client, code: str, **more: str
) -> dict[str, object]:
    """What the token endpoint says to a code."""
    form = {
        "grant_type": "authorization_code",
        "client_id": client.client_id,
        "client_secret": client.secrets[place.name],
        "redirect_uri": client.redirect_uris[0] if client.redirect_uris else "",
        "code": code,
    }
    answer = await http.post(f"{place.accounts_server}/oauth/v2/token", data=form | more)
    fields: dict[str, object] = answer.json()
    return fields


def _parameters(response: httpx.Response, *, fragment: bool) -> list[tuple[str, str]]:
    assert response.status_code == 302, response.text
    parts = urlsplit(response.headers["location"])
    return parse_qsl(parts.fragment if fragment else parts.query, keep_blank_values=True)
