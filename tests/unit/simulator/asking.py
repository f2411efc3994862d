"""Asks a simulated Zoho without HTTP, at a time that stands still."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from zoho_simulator.clock import MovableClock
from zoho_simulator.rules.limits import Limits
from zoho_simulator.rules.messages import Answer, Request
from zoho_simulator.rules.records import Client
from zoho_simulator.zoho import Zoho

NOON = datetime(2030, 5, 17, 12, 0, tzinfo=UTC)
HOSTS = {"us": "http://us.test", "eu": "http://eu.test"}


def zoho_at_noon(limits: Limits | None = None) -> Zoho:
    return Zoho(HOSTS, limits=limits, clock=MovableClock(lambda: NOON))


@dataclass
class Asker:
    """A client's side of the conversation, in one data centre."""

    zoho: Zoho
    client: Client
    data_center: str = "us"
    secret: str = field(default="", repr=False)

    def post(self, path: str, form: Mapping[str, str], **headers: str) -> Answer:
        request = Request(method="POST", path=path, form=form, headers=headers)
        return self.zoho.answer(self.data_center, request)

    def token(self, grant_type: str, **form: str) -> Answer:
        return self.post("/oauth/v2/token", {"grant_type": grant_type, **self.named, **form})

    def refresh(self, refresh_token: str) -> Answer:
        return self.token("refresh_token", refresh_token=refresh_token)

    def exchange(self, code: str, **form: str) -> Answer:
        uris = self.client.redirect_uris
        return self.token("authorization_code", code=code, **{**({"redirect_uri": uris[0]} if uris else {}), **form})

    def get(self, path: str, access_token: str, prefix: str = "Zoho-oauthtoken", **query: str) -> Answer:
        headers = {"authorization": f"{prefix} {access_token}"}
        return self.zoho.answer(self.data_center, Request(method="GET", path=path, headers=headers, query=query))

    def accepts(self, access_token: str) -> bool:
        return self.get("/crm/v8/org", access_token).status == 200

    @property
    def named(self) -> Mapping[str, str]:
        secret = self.secret or self.client.secrets.get(self.data_center, self.client.client_secret)
        return {"client_id": self.client.client_id, "client_secret": secret}

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(":".join(self.named.values()).encode()).decode()


def an_asker(limits: Limits | None = None) -> Asker:
    zoho = zoho_at_noon(limits)
    return Asker(zoho, zoho.add_client())


def access_token(answer: Answer) -> str:
    return str(answer.fields["access_token"])


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
