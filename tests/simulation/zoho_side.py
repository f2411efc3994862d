"""Zoho as the daemons meet it: the law of the simulator, under a sky from which things fall."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from tests.simulation.era import instant
from tests.simulation.virtual_loop import Process, VirtualLoop
from zoho_simulator.faults import Fault
from zoho_simulator.rules import console, data_center, shapes
from zoho_simulator.rules.ledger import Ledger
from zoho_simulator.rules.limits import Limits
from zoho_simulator.rules.messages import Answer, End, Request
from zoho_simulator.rules.records import Client, ClientKind, Consent, User
from zoho_simulator.rules.routes import Endpoint
from zoho_tokend.core.errors import NeverSent, ZohoUnavailable

ACCOUNTS_SERVERS: Final = {
    "eu": "https://accounts.zoho.eu",
    "us": "https://accounts.zoho.com",
    "in": "https://accounts.zoho.in",
    "au": "https://accounts.zoho.com.au",
}
LIMITS_OF_TRANSPORT: Final = {"connect": 5.0, "read": 20.0, "total": 30.0}
_SCOPE: Final = "ZohoCRM.modules.ALL"


@dataclass(frozen=True, slots=True)
class Call:
    """One request for a token, as it reaches Zoho or fails to.

    Attributes:
        location: the data centre that is asked.
    """

    at: float
    process: Process
    location: str
    form: Mapping[str, str]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the caller meets, after so many seconds."""

    after: float
    met: Answer | ZohoUnavailable


@dataclass(frozen=True, slots=True)
class Issue:
    """An access token that Zoho handed out."""

    at: float
    expires: float
    names: tuple[str, ...]
    process: Process


class Strike(Protocol):
    """What falls from the sky upon one call; None where it passes by."""

    def __call__(self, call: Call, lawful: Callable[[], Answer], /) -> Reply | None: ...


class ZohoSide:
    """Its data centres, each with a client of its own.

    Attributes:
        sky: what is the matter at present; the first that strikes decides.
        issues: every access token that may still live, by its text.
        asked_with: every refresh token that anybody has asked with.
    """

    def __init__(
        self, loop: VirtualLoop, rng: Random, limits: Limits, *, location_of: Callable[[str], str], locations: int
    ) -> None:
        self._loop = loop
        self._rng = rng
        self.limits = limits
        self._location_of = location_of
        self._ledgers: dict[str, Ledger] = {}
        self.clients: dict[str, Client] = {}
        for location in list(ACCOUNTS_SERVERS)[:locations]:
            self._ledgers[location] = Ledger(name=location, locations=ACCOUNTS_SERVERS, limits=limits)
            self._register(location, console.new_client("App", kind=ClientKind.SERVER, home=location))
        self.sky: list[Strike] = []
        self.issues: dict[str, Issue] = {}
        self.asked_with: set[str] = set()
        self.holders: dict[str, tuple[str, ...]] = {}
        self.consent_number: dict[str, int] = {}
        self._consents = 0
        self._in_order: deque[str] = deque()
        self._replaced: dict[str, str] = {}

    # --- what people do there ----------------------------------------------------------------------------------

    def consent(self, *names: str) -> str:
        """A person consents for these connections; answers the refresh token."""
        location = self._location_of(names[0])
        consent = Consent(
            client_id=self.clients[location].client_id,
            user=User(email=f"{'-'.join(names)}@example.com", data_center=location),
            scope=_SCOPE,
        )
        refresh_token = shapes.new_token()
        self._ledgers[location].grant(consent, refresh_token=refresh_token)
        self._know(refresh_token, names)
        return refresh_token

    def revoke(self, refresh_token: str) -> None:
        """The grant is gone, and every access token with it."""
        for ledger in self._ledgers.values():
            if (grant := ledger.by_refresh_token(refresh_token)) is not None:
                ledger.revoke(grant)

    def is_good(self, refresh_token: str) -> bool:
        """Whether Zoho would accept the refresh token."""
        return any(ledger.by_refresh_token(refresh_token) is not None for ledger in self._ledgers.values())

    def new_secrets(self) -> None:
        """Every client has another secret from now on."""
        for location, client in self.clients.items():
            self._register(location, console.with_new_secrets(client))

    def use_up(self, refresh_token: str, times: int) -> None:
        """A stranger asks for tokens with the same refresh token."""
        for _ in range(times):
            location = self._location_of(self.holders[refresh_token][0])
            form = self._form(location, refresh_token)
            data_center.answer(self._ledgers[location], Endpoint.TOKEN, _request(form), instant(self._loop.time()))

    def lives(self, access_token: str) -> bool:
        """Whether the API would accept the token now."""
        now = instant(self._loop.time())
        return any(ledger.access(access_token, now) is not None for ledger in self._ledgers.values())

    # --- what daemons do ---------------------------------------------------------------------------------------

    def arrive(self, process: Process, server: str, form: Mapping[str, str]) -> tuple[Call, Reply]:
        """The call, and what its caller meets."""
        self.asked_with.add(form.get("refresh_token", ""))
        names = self.holders.get(form.get("refresh_token", ""), ())
        location = next(location for location, origin in ACCOUNTS_SERVERS.items() if origin == server)
        call = Call(self._loop.time(), process, location, form, names)
        for strike in self.sky:
            if (reply := strike(call, lambda: self.lawful(call))) is not None:
                return call, reply
        return call, delivered(self.lawful(call), latency=self._rng.uniform(0.15, 0.9))

    def lawful(self, call: Call) -> Answer:
        """What the law says, and does."""
        answer = data_center.answer(self._ledgers[call.location], Endpoint.TOKEN, _request(call.form), instant(call.at))
        text = answer.fields.get("access_token")
        if isinstance(text, str):
            self._remember(text, call)
            self._retire_the_old(call.form["refresh_token"])
        return answer

    def rotated(self, call: Call) -> Answer:
        """A lawful answer that brings another refresh token; the old one dies when the new one is first used."""
        old = call.form["refresh_token"]
        ledger = self._ledgers[call.location]
        answer, grant = self.lawful(call), ledger.by_refresh_token(old)
        if grant is None or answer.outcome != "issued":
            return answer
        new = ledger.rotate(grant)
        ledger._by_refresh_token[old] = grant
        self._know(new, self.holders[old])
        self._replaced[new] = old
        return answer.with_fields(refresh_token=new)

    def _retire_the_old(self, used: str) -> None:
        old = self._replaced.pop(used, None)
        if old is not None:
            for ledger in self._ledgers.values():
                ledger._by_refresh_token.pop(old, None)

    def _register(self, location: str, client: Client) -> None:
        self.clients[location] = client
        self._ledgers[location].clients[client.client_id] = client

    def _know(self, refresh_token: str, names: tuple[str, ...]) -> None:
        self._consents += 1
        self.consent_number[refresh_token] = self._consents
        self.holders[refresh_token] = names

    def _remember(self, access_token: str, call: Call) -> None:
        lifetime = self.limits.token_lifetime.total_seconds()
        self.issues[access_token] = Issue(call.at, call.at + lifetime, call.names, call.process)
        self._in_order.append(access_token)
        while self.issues[self._in_order[0]].expires < call.at - 10 * lifetime:
            del self.issues[self._in_order.popleft()]

    def _form(self, location: str, refresh_token: str) -> dict[str, str]:
        return {
            "grant_type": "refresh_token",
            "client_id": self.clients[location].client_id,
            "client_secret": self.clients[location].client_secret,
            "refresh_token": refresh_token,
        }


def struck(fault: Fault, lawful: Callable[[], Answer], *, latency: float) -> Reply:
    """A fault of the simulator's catalogue, as its victim meets it."""
    return delivered(fault.alter(fault.stand_in or lawful()), latency=latency)


def delivered(answer: Answer, *, latency: float) -> Reply:
    """What the transport of the daemon makes of an answer that travels like this."""
    delivery = answer.delivery
    wait = latency + delivery.wait.total_seconds()
    if wait > LIMITS_OF_TRANSPORT["read"]:
        return Reply(LIMITS_OF_TRANSPORT["read"], ZohoUnavailable("Zoho did not answer in time"))
    if delivery.end is not End.WHOLE:
        return Reply(wait, ZohoUnavailable("Zoho broke the connection off"))
    wait += delivery.pause.total_seconds() * len(answer.text)
    if wait > LIMITS_OF_TRANSPORT["total"]:
        return Reply(LIMITS_OF_TRANSPORT["total"], ZohoUnavailable("Zoho gave no whole answer"))
    return Reply(wait, answer)


def unreachable(*, refused: bool) -> Reply:
    """No connection: refused at once, or never accepted."""
    return Reply(0.01 if refused else LIMITS_OF_TRANSPORT["connect"], NeverSent("Zoho cannot be reached"))


def _request(form: Mapping[str, str]) -> Request:
    return Request(method="POST", path="/oauth/v2/token", form=form)
