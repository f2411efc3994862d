"""Zoho's token endpoint, as the core's port: one request per token; its outcome and Zoho's clock are emitted."""

from datetime import timedelta
from typing import Final

from zoho_tokend.core.errors import (
    ClientRejected,
    GrantRejected,
    NeverSent,
    Throttled,
    TokendError,
    ZohoUnavailable,
)
from zoho_tokend.core.events import ClockCompared, Peer, Sink, ZohoAnswered, ZohoOutcome
from zoho_tokend.core.model import Credential, Issued
from zoho_tokend.core.ports import Clock
from zoho_tokend.zoho.calls import Calls
from zoho_tokend.zoho.datacenters import AccountsServers
from zoho_tokend.zoho.response import ZohoResponse, clock_skew
from zoho_tokend.zoho.transport import Transport
from zoho_tokend.zoho.wire import TOKEN_PATH, issued, token_form

_OUTCOMES: Final[dict[type[TokendError], ZohoOutcome]] = {
    Throttled: ZohoOutcome.THROTTLED,
    GrantRejected: ZohoOutcome.GRANT_REJECTED,
    ClientRejected: ZohoOutcome.CLIENT_REJECTED,
    ZohoUnavailable: ZohoOutcome.UNAVAILABLE,
    NeverSent: ZohoOutcome.UNAVAILABLE,
}
_SECONDS_BETWEEN_COMPARISONS: Final = 60.0


class ZohoEndpoint:
    """Implements `zoho_tokend.core.ports.TokenEndpoint`.

    Attributes:
        servers: where credentials may be sent; replaced when the settings are read again.
    """

    def __init__(
        self, transport: Transport, calls: Calls, *, servers: AccountsServers, clock: Clock, emit: Sink
    ) -> None:
        self.servers = servers
        self._transport = transport
        self._calls = calls
        self._clock = clock
        self._emit = emit
        self._compared_at = float("-inf")

    def data_center(self, credential: Credential) -> str:
        return self.servers.location(credential.accounts_server)

    def api_domain(self, credential: Credential) -> str | None:
        return self.servers.api_domain(credential.accounts_server)

    async def issue(self, credential: Credential) -> Issued:
        self.servers.check(credential.accounts_server)
        return await self._calls.uncancelled(self._issue(credential))

    async def _issue(self, credential: Credential) -> Issued:
        started = self._clock.monotonic()
        outcome = ZohoOutcome.UNAVAILABLE
        try:
            form = token_form(credential.client, credential.grant)
            answer = await self._transport.post(credential.accounts_server, TOKEN_PATH, form)
            self._compare_clocks(answer)
            token = issued(answer)
            outcome = ZohoOutcome.ISSUED
        except TokendError as error:
            outcome = _OUTCOMES[type(error)]
            raise
        else:
            return token
        finally:
            took = timedelta(seconds=self._clock.monotonic() - started)
            self._emit(ZohoAnswered(data_center=self.data_center(credential), outcome=outcome, took=took))

    def _compare_clocks(self, answer: ZohoResponse) -> None:
        now = self._clock.monotonic()
        if now - self._compared_at < _SECONDS_BETWEEN_COMPARISONS:
            return
        skew = clock_skew(answer)
        if skew is not None:
            self._compared_at = now
            self._emit(ClockCompared(peer=Peer.ZOHO, skew=skew))
