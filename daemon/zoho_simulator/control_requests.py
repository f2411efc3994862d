"""Orders to a Zoho, as JSON says them: for the control API and for seed files."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zoho_simulator.faults.script import read_script
from zoho_simulator.rules.console import CALLBACK, new_client
from zoho_simulator.rules.records import Client, ClientKind, Consent, User
from zoho_simulator.rules.routes import Endpoint
from zoho_simulator.rules.shapes import new_token
from zoho_simulator.zoho import EVERYTHING, SOMEBODY, Zoho

Result = dict[str, object]
Tally = Annotated[int, Field(ge=1)]


class ControlRequest(Protocol):
    """Something to be done."""

    def carry_out(self, zoho: Zoho) -> Result:
        """It is done; the result is what the asker must know.

        Raises:
            ValueError: it cannot be done, and why, in one sentence.
        """
        ...


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AddClient(_Strict):
    """A new application; with id and secret given, one that the asker knows already, with this secret everywhere."""

    name: str = "jobs"
    kind: ClientKind = ClientKind.SERVER
    home: str | None = None
    also_in: tuple[str, ...] = ()
    same_secret: bool = False
    redirect_uris: tuple[str, ...] = (CALLBACK,)
    client_id: str | None = None
    client_secret: str | None = None

    def carry_out(self, zoho: Zoho) -> Result:
        home = self.home or zoho.data_centers[0].name
        client = new_client(
            self.name,
            kind=self.kind,
            home=home,
            also_in=self.also_in,
            same_secret=self.same_secret,
            redirect_uris=self.redirect_uris,
        )
        if self.client_id is not None:
            client = replace(client, client_id=self.client_id)
        if self.client_secret is not None:
            client = replace(client, secrets=dict.fromkeys(client.secrets, self.client_secret))
        zoho.register(client)
        return {
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "secrets": dict(client.secrets),
            "home": client.home,
        }


class _OfPerson(_Strict):
    user: str = SOMEBODY
    data_center: str | None = None

    def person(self, client: Client) -> User:
        """The user, living at the client's home unless the order says where."""
        return User(email=self.user, data_center=self.data_center or client.home)


class AddConsent(_OfPerson):
    """A consent given long ago; ``client`` is an id or a name, ``refresh_token`` one that the asker knows already."""

    client: str
    scope: str = EVERYTHING
    refresh_token: str | None = None

    def carry_out(self, zoho: Zoho) -> Result:
        client = zoho.client(self.client)
        consent = Consent(client_id=client.client_id, user=self.person(client), scope=self.scope)
        return {
            "refresh_token": zoho.adopt(consent, self.refresh_token or new_token()),
            "accounts_server": zoho[consent.user.data_center].accounts_server,
        }


class AddCode(_OfPerson):
    """A grant code, as the consent page or the console gives it."""

    client: str
    scope: str = EVERYTHING
    offline: bool = True
    prompt: bool = True

    def carry_out(self, zoho: Zoho) -> Result:
        client = zoho.client(self.client)
        user = self.person(client)
        code = zoho.grant_code(client, user, self.scope, offline=self.offline, prompt=self.prompt)
        return {"code": code, "accounts_server": zoho[user.data_center].accounts_server}


class DecideDevice(_OfPerson):
    """A person's answer on the device page; a person of no named data centre lives where the device's client does."""

    user_code: str
    decision: Literal["approve", "refuse"]

    def carry_out(self, zoho: Zoho) -> Result:
        if self.decision == "refuse":
            zoho.refuse_device(self.user_code)
        elif self.data_center is None:
            zoho.approve_device(self.user_code, self.user)
        else:
            zoho.approve_device(self.user_code, User(email=self.user, data_center=self.data_center))
        return {}


class Revoke(_Strict):
    """A refresh token dies, with all that it brought."""

    refresh_token: str

    def carry_out(self, zoho: Zoho) -> Result:
        zoho.revoke(self.refresh_token)
        return {}


class Evict(_Strict):
    """The oldest access tokens of a refresh token die before their time."""

    refresh_token: str
    count: Tally = 1

    def carry_out(self, zoho: Zoho) -> Result:
        return {"evicted": zoho.evict(self.refresh_token, self.count)}


class Advance(_Strict):
    """So many seconds pass at once."""

    advance: Annotated[float, Field(ge=0)]

    def carry_out(self, zoho: Zoho) -> Result:
        zoho.advance(timedelta(seconds=self.advance))
        return {"now": zoho.now().isoformat()}


class AddModule(_Strict):
    """A module of the CRM with so many records and fields, in place of one of the same name."""

    module: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
    records: Annotated[int, Field(ge=0, le=10_000_000)] = 1000
    fields: Tally = 12
    subform: bool = False
    data_center: str | None = None

    def carry_out(self, zoho: Zoho) -> Result:
        with zoho.organisation(self.data_center) as organisation:
            organisation.add_module(self.module, self.records, zoho.now(), width=self.fields, subform=self.subform)
        return {}


class EditRecords(_Strict):
    """Users change so many of the oldest records, delete so many of the newest, and add so many."""

    module: str
    add: Annotated[int, Field(ge=0)] = 0
    change: Annotated[int, Field(ge=0)] = 0
    delete: Annotated[int, Field(ge=0)] = 0
    data_center: str | None = None

    def carry_out(self, zoho: Zoho) -> Result:
        with zoho.organisation(self.data_center) as organisation:
            if self.module not in organisation.modules:
                raise ValueError(f"no module {self.module!r}; there are {', '.join(organisation.modules)}")
            module, now = organisation.modules[self.module], zoho.now()
            living = module.by_id()
            gone = [living[len(living) - 1 - at] for at in range(min(self.delete, len(living)))]
            changed = [living[at] for at in range(min(self.change, len(living) - len(gone)))]
            for number in changed:
                module.change(number, now)
            for number in gone:
                module.delete(number, now)
            return {"added": [module.add(now) for _ in range(self.add)]}


class BringFault(_Strict):
    """A script of faults, and whom it happens to; ``endpoint`` null is every endpoint."""

    script: list[dict[str, object]]
    endpoint: Endpoint | None = Endpoint.TOKEN
    data_center: str | None = None
    client: str | None = None
    refresh_token: str | None = None

    def carry_out(self, zoho: Zoho) -> Result:
        zoho.fault(
            read_script(self.script),
            endpoint=self.endpoint,
            data_center=self.data_center,
            client=zoho.client(self.client) if self.client else None,
            refresh_token=self.refresh_token,
        )
        return {}


class Seed(_Strict):
    """What a Zoho starts with: applications, consents for them, and modules of the CRM."""

    clients: tuple[AddClient, ...] = ()
    consents: tuple[AddConsent, ...] = ()
    modules: tuple[AddModule, ...] = ()

    def carry_out(self, zoho: Zoho) -> Result:
        for module in self.modules:
            module.carry_out(zoho)
        return {
            "clients": [client.carry_out(zoho) for client in self.clients],
            "consents": [consent.carry_out(zoho) for consent in self.consents],
        }


def complaint(wrong: ValidationError) -> str:
    """What is wrong with an order, in one line, without the values that were sent."""
    return "; ".join(f"{'.'.join(map(str, part['loc'])) or 'the order'}: {part['msg']}" for part in wrong.errors())
