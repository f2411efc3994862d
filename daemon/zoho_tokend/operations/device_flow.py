"""The flow for machines without a browser: a code to show, and polls until the person has decided elsewhere."""

from datetime import timedelta

from zoho_tokend.core.consent import DeviceCode, Granted, MovedTo, Pending, SlowDown
from zoho_tokend.core.errors import CodeMaybeSpent, CodeRejected, DeviceCodeExpired, Throttled, ZohoUnavailable
from zoho_tokend.core.model import Client
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.ports import Clock
from zoho_tokend.core.registration import Registration
from zoho_tokend.operations.person import Person
from zoho_tokend.zoho.consent_endpoint import ConsentEndpoint
from zoho_tokend.zoho.datacenters import AccountsServers
from zoho_tokend.zoho.device import PollPace


class DeviceFlow:
    """Polls at the pace that Zoho asks for, and follows the person to their own data centre."""

    def __init__(
        self,
        zoho: ConsentEndpoint,
        registration: Registration,
        *,
        servers: AccountsServers,
        person: Person,
        clock: Clock,
    ) -> None:
        self._zoho = zoho
        self._registration = registration
        self._servers = servers
        self._person = person
        self._clock = clock

    async def begin(self, scope: str) -> DeviceCode:
        """A code that waits for a person.

        Raises:
            ClientRejected, ScopeRejected, ServerNotAllowed, Throttled, ZohoUnavailable.
        """
        server = self._registration.accounts_server
        return await self._zoho.begin_device(self._registration.client_id, scope, accounts_server=server)

    async def finish(self, code: DeviceCode) -> tuple[Granted, Origin]:
        """What the consent brought, and the accounts server of the data centre where the person lives.

        Raises:
            CodeMaybeSpent: an answer was lost, and after it the code is refused: that answer brought the tokens.
            CodeRejected, ConsentRefused, DeviceCodeExpired, NoRefreshToken, WrongDataCenter, ClientRejected,
            ClientNotAllowed, ServerNotAllowed.
        """
        lost_one = False
        end = self._clock.monotonic() + code.lifetime.total_seconds()
        pace, server, moved_to = PollPace(code.interval), self._registration.accounts_server, None
        while (left := end - self._clock.monotonic()) > 0:
            await self._person.wait(min(pace.wait, timedelta(seconds=left)), self._sentence(left))
            try:
                polled = await self._zoho.poll_device(
                    code.device_code, self._client(server), accounts_server=server, moved_to=moved_to
                )
                if isinstance(polled, MovedTo):
                    server, moved_to = await self._moved(polled, server), polled.location
            except CodeRejected:
                if lost_one:
                    raise CodeMaybeSpent from None
                raise
            except (Throttled, ZohoUnavailable) as error:
                lost_one = True
                self._person.say(f"{error}; the code still waits.")
                pace = pace.slower()
                continue
            match polled:
                case Granted():
                    return polled, server
                case SlowDown():
                    pace = pace.slower()
                case MovedTo() | Pending():
                    pass
        raise DeviceCodeExpired

    async def _moved(self, to: MovedTo, seen_from: Origin) -> Origin:
        return await self._zoho.accounts_server(to.location, seen_from=seen_from)

    def _client(self, server: Origin) -> Client:
        return self._registration.at(server, self._servers.location(server))

    @staticmethod
    def _sentence(left: float) -> str:
        return f"Waiting for the decision, {left / 60:.0f} min left; next look"
