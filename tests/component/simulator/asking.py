"""Asks a simulated Zoho over HTTP."""

import httpx

from zoho_simulator import Client, DataCenter


def form(client: Client, refresh_token: str) -> dict[str, str]:
    return {
        "grant_type": "refresh_token",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "refresh_token": refresh_token,
    }


async def refresh(http: httpx.AsyncClient, place: DataCenter, client: Client, refresh_token: str) -> httpx.Response:
    return await http.post(f"{place.accounts_server}/oauth/v2/token", data=form(client, refresh_token))
