"""The simulated Zoho in one's hand: what its console, its users and its operators do to it.

Everything here may be called from any thread, and holds for the next request.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import RLock
from typing import Final

from zoho_simulator.admin import Admin
from zoho_simulator.clock import MovableClock
from zoho_simulator.dispatch import Dispatcher
from zoho_simulator.faults import Fault, Script, Target, then
from zoho_simulator.faults.active import ActiveFaults
from zoho_simulator.journal import Journal
from zoho_simulator.rules import shapes
from zoho_simulator.rules.console import CALLBACK, new_client, with_new_secrets
from zoho_simulator.rules.directory import Directory
from zoho_simulator.rules.limits import Limits
from zoho_simulator.rules.messages import Answer, Request
from zoho_simulator.rules.organisation import Organisation
from zoho_simulator.rules.records import Client, ClientKind, Consent, GrantCode, User
from zoho_simulator.rules.routes import Endpoint

SOMEBODY: Final = "ann@example.com"
EVERYTHING: Final = "ZohoCRM.modules.ALL,ZohoCRM.org.READ,ZohoCRM.users.READ"
_SMALL: Final = {"Leads": 2, "Contacts": 1, "Accounts": 1, "Deals": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCenter:
    """Where one data centre is reached; both are origins, without a final slash."""

    name: str
    accounts_server: str
    api_domain: str


class Zoho:
    """Several data centres at once.

    ``zoho["in"]`` and ``zoho.eu`` are their addresses.

    Attributes:
        limits: the numbers that hold in all of them.
        journal: every request of a machine that came, without a secret.
        admin: what people do on its pages.
    """

    def __init__(
        self, locations: Mapping[str, str], *, limits: Limits | None = None, clock: MovableClock | None = None
    ) -> None:
        self.limits = limits or Limits()
        self.journal = Journal()
        self._clock = clock or MovableClock()
        self._lock = RLock()
        self._active_faults = ActiveFaults()
        self._directory = Directory(locations, self.limits)
        for name in locations:
            for module, records in _SMALL.items():
                self._directory.ledgers[name].organisation.add_module(module, records, self.now())
        self.admin = Admin(self._directory, self._lock, self.now)
        self._dispatcher = Dispatcher(self._directory.ledgers, self._active_faults, self.journal)

    def __getitem__(self, name: str) -> DataCenter:
        origin = self._directory.ledgers[name].origin
        return DataCenter(name=name, accounts_server=origin, api_domain=origin)

    def __getattr__(self, name: str) -> DataCenter:
        if name.startswith("_") or name not in self._directory.ledgers:
            raise AttributeError(f"no data centre {name!r} is simulated")
        return self[name]

    @property
    def data_centers(self) -> tuple[DataCenter, ...]:
        """All of them; the first is the home of clients that name none."""
        return tuple(self[name] for name in self._directory.ledgers)

    def answer(self, data_center: str, request: Request) -> Answer:
        """What this data centre sends to a request now."""
        with self._lock:
            return self._dispatcher.answer(data_center, request, self.now())

    def now(self) -> datetime:
        """The instant by which lifetimes and windows pass."""
        return self._clock.now()

    def advance(self, span: timedelta) -> None:
        """So much time passes at once; the ``Date`` header stays with the machine's clock."""
        with self._lock:
            self._clock.advance(span)

    def add_client(
        self,
        name: str = "jobs",
        *,
        kind: ClientKind = ClientKind.SERVER,
        home: str | None = None,
        also_in: Iterable[str] = (),
        same_secret: bool = False,
        redirect_uris: tuple[str, ...] = (CALLBACK,),
    ) -> Client:
        """A new application, registered at ``home`` and enabled in other data centres too."""
        home = home or self.data_centers[0].name
        client = new_client(
            name, kind=kind, home=home, also_in=also_in, same_secret=same_secret, redirect_uris=redirect_uris
        )
        return self.register(client)

    def register(self, client: Client) -> Client:
        """The application is known in each data centre for which it has a secret, replacing one of the same id.

        Raises:
            ValueError: one of them is not simulated.
        """
        with self._lock:
            for ledger in self._directory.enabled(client):
                ledger.clients[client.client_id] = client
        return client

    def client(self, id_or_name: str) -> Client:
        """The application of this id or name.

        Raises:
            ValueError: there is none.
        """
        with self._lock:
            return self._directory.client(id_or_name)

    def renew_secrets(self, client: Client) -> Client:
        """The application with new secrets; with the old ones all its grants answer ``invalid_client``."""
        return self.register(with_new_secrets(client))

    def consent(self, client: Client, user: User | str = SOMEBODY, scope: str = EVERYTHING) -> str:
        """The refresh token of a consent given long ago; a user who is a mere address lives at the client's home."""
        return self.adopt(_consent(client, user, scope), shapes.new_token())

    def adopt(self, consent: Consent, refresh_token: str) -> str:
        """The refresh token, now that of this consent; one above the cap silently kills the user's first.

        Raises:
            ValueError: the client is not enabled in the user's data centre.
        """
        with self._lock:
            self._directory.home(consent).grant(consent, refresh_token=refresh_token)
        return refresh_token

    def grant_code(
        self,
        client: Client,
        user: User | str = SOMEBODY,
        scope: str = EVERYTHING,
        *,
        offline: bool = True,
        prompt: bool = True,
    ) -> str:
        """A code as the consent page gives it, or the console to a self client; the user's data centre takes it."""
        by_hand = client.kind is ClientKind.SELF
        life = self.limits.self_client_code_lifetime if by_hand else self.limits.code_lifetime
        return self.add_code(
            GrantCode(
                consent=replace(_consent(client, user, scope), offline=offline or by_hand, prompt=prompt or by_hand),
                expires_at=self.now() + life,
                redirect_uri=None if by_hand else client.redirect_uris[0],
            )
        )

    def add_code(self, code: GrantCode) -> str:
        """The text of the code, to be exchanged once.

        Raises:
            ValueError: the client is not enabled in the user's data centre.
        """
        text = shapes.new_token()
        with self._lock:
            self._directory.home(code.consent).codes[text] = code
        return text

    def approve_device(self, user_code: str, user: User | str = SOMEBODY) -> None:
        """A person says yes on the device page; where they live in another data centre, the code moves there.

        Raises:
            ValueError: no device shows this code, or its client is not enabled in the user's data centre.
        """
        with self._lock:
            ledger, text, device = self._directory.device(user_code)
            consent = _consent(ledger.clients[device.client_id], user, device.scope)
            consent = replace(consent, offline=device.offline, prompt=device.prompt)
            home = self._directory.home(consent)
            home.devices[text] = replace(device, consent=consent, polled_at=None)
            if home is not ledger:
                device.moved_to = home.name

    def refuse_device(self, user_code: str) -> None:
        """A person says no on the device page.

        Raises:
            ValueError: no device shows this code.
        """
        with self._lock:
            self._directory.device(user_code)[2].refused = True

    def revoke(self, refresh_token: str) -> None:
        """The refresh token is dead, and every access token that it brought.

        Raises:
            ValueError: it was not alive.
        """
        with self._lock:
            ledger, grant = self._directory.grant(refresh_token)
            ledger.revoke(grant)

    def evict(self, refresh_token: str, count: int = 1) -> int:
        """Its oldest access tokens die before their time, as if others held the same refresh token; how many did.

        Raises:
            ValueError: it is not alive.
        """
        with self._lock:
            ledger, grant = self._directory.grant(refresh_token)
            dying = min(count, len(grant.active))
            for _ in range(dying):
                ledger.kill_oldest(grant)
            return dying

    def life_left(self, access_token: str) -> timedelta:
        """How long the API will go on taking the access token; nothing where it does not take it now."""
        with self._lock:
            now = self.now()
            found = [ledger.access(access_token, now) for ledger in self._directory.ledgers.values()]
            return next((token.expires_at - now for token in found if token is not None), timedelta())

    def fault(
        self,
        script: Fault | Script,
        *,
        endpoint: Endpoint | None = Endpoint.TOKEN,
        data_center: str | None = None,
        client: Client | None = None,
        refresh_token: str | None = None,
    ) -> None:
        """The script happens to the requests that agree with everything given; ``endpoint`` None is every endpoint.

        A bare fault happens once. The script that was set last goes first.
        """
        target = Target(
            endpoint=endpoint,
            data_center=data_center,
            client_id=client.client_id if client else None,
            refresh_token=shapes.fingerprint(refresh_token) if refresh_token else None,
        )
        with self._lock:
            self._active_faults.bring(then(script), target)

    @contextmanager
    def organisation(self, data_center: str | None = None) -> Iterator[Organisation]:
        """What the CRM holds there, to look at and to change; no request is answered meanwhile.

        Raises:
            ValueError: no data centre of this name is simulated.
        """
        with self._lock:
            yield self._directory.ledger(data_center or self.data_centers[0].name).organisation

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._active_faults.clear()


def _consent(client: Client, user: User | str, scope: str) -> Consent:
    person = User(email=user, data_center=client.home) if isinstance(user, str) else user
    return Consent(client_id=client.client_id, user=person, scope=scope)
