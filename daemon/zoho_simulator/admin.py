"""What people do at a simulated Zoho: they say yes or no on its pages, and register applications in its console."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from zoho_simulator.clock import Now
from zoho_simulator.rules import consent, console, devices, shapes
from zoho_simulator.rules.consent import ConsentRequest, TurnedAwayError
from zoho_simulator.rules.directory import Directory
from zoho_simulator.rules.errors import INVALID_CLIENT
from zoho_simulator.rules.ledger import Ledger
from zoho_simulator.rules.people import residents
from zoho_simulator.rules.records import Client, Consent, DeviceCode, User


class Admin:
    """Everything here may be called from any thread.

    Attributes:
        people: one in each data centre; a page asks which of them is sitting before it, in place of a sign-in.
    """

    def __init__(self, directory: Directory, lock: AbstractContextManager[bool], now: Now) -> None:
        self.people = residents(directory.ledgers)
        self._directory = directory
        self._lock = lock
        self._now = now

    def person(self, email: str) -> User | None:
        """The person of this address."""
        return next((person for person in self.people if person.email == email), None)

    # --- the consent page

    def asked(self, data_center: str, query: Mapping[str, str]) -> ConsentRequest:
        """What an application asks for at the consent page.

        Raises:
            TurnedAwayError: nothing can be asked so.
        """
        with self._lock:
            return consent.read(self._directory.ledgers[data_center], query)

    def accept(self, request: ConsentRequest, user: User) -> str:
        """Where the browser goes after the person said yes.

        Raises:
            TurnedAwayError: the client is not enabled in the person's data centre.
        """
        with self._lock:
            return consent.accept(request, user, self._home(request.client, user), self._now())

    # --- the device page

    def device(self, user_code: str) -> tuple[Client, DeviceCode] | None:
        """The device that shows this code, however it was typed, and still waits for a person."""
        with self._lock:
            try:
                ledger, _, device = self._directory.device(shapes.as_user_code(user_code))
            except ValueError:
                return None
            return (ledger.clients[device.client_id], device) if devices.waits(device, self._now()) else None

    # --- the console

    def clients(self, data_center: str) -> tuple[Client, ...]:
        """Those that were registered in this data centre, in that order."""
        with self._lock:
            known = self._directory.ledgers[data_center].clients.values()
            return tuple(client for client in known if client.home == data_center)

    def self_client_code(self, client: Client, scope: str, minutes: int) -> str:
        """The text of a code that this self client exchanges within so many minutes.

        Raises:
            ValueError: it is not to be had, and why, in one sentence.
        """
        ledger = self._directory.ledgers[client.home]
        developer = next(person for person in self.people if person.data_center == client.home)
        text = shapes.new_token()
        with self._lock:
            ledger.codes[text] = console.self_client_code(
                client, developer, scope, minutes=minutes, ledger=ledger, now=self._now()
            )
        return text

    def _home(self, client: Client, user: User) -> Ledger:
        try:
            return self._directory.home(Consent(client_id=client.client_id, user=user, scope=""))
        except ValueError:
            raise TurnedAwayError(
                INVALID_CLIENT,
                f"This client is not enabled in {user.email}'s data centre {user.data_center!r}; "
                "enable it there in the console (multi-DC), or choose a person of its own data centre.",
            ) from None
