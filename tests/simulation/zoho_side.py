"""Zoho as the daemons meet it: the law of the simulator, under a sky from which things fall."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from tests.simulation.era import instant
from tests.simulation.virtual_loop import Process, VirtualLoop
from zoho_simulator.faults import Fault
from zoho_simulator.law import console, data_center, shapes
from zoho_simulator.law.ledger import Ledger
from zoho_simulator.law.limits import Limits
from zoho_simulator.law.messages import Answer, End, Request
from zoho_simulator.law.records import ClientKind, Consent, User
from zoho_simulator.law.routes import Endpoint
from zoho_tokend.core.errors import NeverSent, ZohoUnavailable

ACCOUNTS_SERVER: Final = "https://accounts.zoho.eu"
LIMITS_OF_TRANSPORT: Final = {"connect": 5.0, "read": 20.0, "total": 30.0}
_SCOPE: Final = "ZohoCRM.modules.ALL"


@dataclass(frozen=True, slots=True)
class Call:
    """One request for a token, as it reaches Zoho or fails to."""

    at: float
    process: Process
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
    """One data centre.

    Attributes:
        sky: what is the matter at present; the first that strikes decides.
        issues: every access token that may still live, by its text.
        refusing: how many verdicts a credential that is good has met, by its connection, and since when.
    """

    def __init__(self, loop: VirtualLoop, rng: Random, limits: Limits) -> None:
        self._loop = loop
        self._rng = rng
        self.limits = limits
        self.ledger = Ledger(name="eu", locations={"eu": ACCOUNTS_SERVER}, limits=limits)
        self.client = console.new_client("App", kind=ClientKind.SERVER, home="eu")
        self.ledger.clients[self.client.client_id] = self.client
        self.sky: list[Strike] = []
        self.issues: dict[str, Issue] = {}
        self.holders: dict[str, tuple[str, ...]] = {}
        self.consent_number: dict[str, int] = {}
        self._consents = 0
        self._in_order: deque[str] = deque()
        self._replaced: dict[str, str] = {}

    # --- what people do there ----------------------------------------------------------------------------------

    def consent(self, *names: str) -> str:
        """A person consents for these connections; answers the refresh token."""
        consent = Consent(
            client_id=self.client.client_id,
            user=User(email=f"{'-'.join(names)}@example.com", data_center="eu"),
            scope=_SCOPE,
        )
        refresh_token = shapes.new_token()
        self.ledger.grant(consent, refresh_token=refresh_token)
        self._know(refresh_token, names)
        return refresh_token

    def revoke(self, refresh_token: str) -> None:
        """The grant is gone, and every access token with it."""
        if (grant := self.ledger.by_refresh_token(refresh_token)) is not None:
            self.ledger.revoke(grant)

    def is_good(self, refresh_token: str) -> bool:
        """Whether Zoho would accept the refresh token."""
        return self.ledger.by_refresh_token(refresh_token) is not None

    def new_secret(self) -> str:
        """The client has another secret from now on."""
        self.client = console.with_new_secrets(self.client)
        self.ledger.clients[self.client.client_id] = self.client
        return self.client.client_secret

    def use_up(self, refresh_token: str, times: int) -> None:
        """A stranger asks for tokens with the same refresh token."""
        for _ in range(times):
            form = self._form(refresh_token)
            data_center.answer(self.ledger, Endpoint.TOKEN, _request(form), instant(self._loop.time()))

    def lives(self, access_token: str) -> bool:
        """Whether the API would accept the token now."""
        return self.ledger.access(access_token, instant(self._loop.time())) is not None

    # --- what daemons do ---------------------------------------------------------------------------------------

    def arrive(self, process: Process, form: Mapping[str, str]) -> tuple[Call, Reply]:
        """The call, and what its caller meets."""
        names = self.holders.get(form.get("refresh_token", ""), ())
        call = Call(self._loop.time(), process, form, names)
        for strike in self.sky:
            if (reply := strike(call, lambda: self.lawful(call))) is not None:
                return call, reply
        return call, delivered(self.lawful(call), latency=self._rng.uniform(0.15, 0.9))

    def lawful(self, call: Call) -> Answer:
        """What the law says, and does."""
        answer = data_center.answer(self.ledger, Endpoint.TOKEN, _request(call.form), instant(call.at))
        text = answer.fields.get("access_token")
        if isinstance(text, str):
            self._remember(text, call)
            self._retire_the_old(call.form["refresh_token"])
        return answer

    def rotated(self, call: Call) -> Answer:
        """A lawful answer that brings another refresh token; the old one dies when the new one is first used."""
        old = call.form["refresh_token"]
        answer, grant = self.lawful(call), self.ledger.by_refresh_token(old)
        if grant is None or answer.outcome != "issued":
            return answer
        new = self.ledger.rotate(grant)
        self.ledger._by_refresh_token[old] = grant
        self._know(new, self.holders[old])
        self._replaced[new] = old
        return answer.with_fields(refresh_token=new)

    def _retire_the_old(self, used: str) -> None:
        old = self._replaced.pop(used, None)
        if old is not None:
            self.ledger._by_refresh_token.pop(old, None)

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

    def _form(self, refresh_token: str) -> dict[str, str]:
        return {
            "grant_type": "refresh_token",
            "client_id": self.client.client_id,
            "client_secret": self.client.client_secret,
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
