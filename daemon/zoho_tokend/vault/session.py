"""One login to Vault: renewed, replaced before it ends, and revoked when the daemon stops.

Requests go through ``ask``, which distinguishes a dead session from a denying policy: Vault answers 403 to both, and
its texts differ between releases, so the token is looked up (https://github.com/hashicorp/vault/issues/26687).
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from math import inf
from typing import Final

from zoho_tokend.core.errors import VaultForbidden, VaultLoginRefused, VaultUnavailable
from zoho_tokend.core.events import LoginOutcome, Sink, VaultLoggedIn, VaultOutcome, VaultSessionChanged
from zoho_tokend.core.model import Secret
from zoho_tokend.core.ports import Clock
from zoho_tokend.vault.auth import AuthMethod, Login, granted, is_known
from zoho_tokend.vault.client import VaultClient, VaultConfig
from zoho_tokend.vault.pool import VaultClientPool
from zoho_tokend.vault.renewal import Lease, Step, Trouble, next_step
from zoho_tokend.vault.request import Request, renew_self, revoke_self, server_health
from zoho_tokend.vault.response import VaultResponse

_VAIN_LOGIN_SECONDS: Final = 60.0
# Longer than the time-out of a request with ``hurry``.
_CHECK_SECONDS: Final = 2.5


@dataclass(frozen=True, slots=True)
class _Held:
    """The login in use, and its lease."""

    login: Login
    lease: Lease


@dataclass(frozen=True, slots=True)
class _Outage:
    """Vault gives no usable response: why, since when, and whether its own health says so."""

    error: str
    since: datetime
    unhealthy: bool


class Session:
    """Sends requests with a live token: ``open`` it first, call ``upkeep`` every second, ``close`` it at the end."""

    def __init__(
        self,
        config: VaultConfig,
        auth: AuthMethod,
        *,
        clock: Clock,
        emit: Sink,
        advice: str = "load what `zoho-tokend policy daemon` prints",
    ) -> None:
        """Prepare a session.

        Args:
            advice: what to do where Vault's policy denies a request; the end of that sentence.
        """
        self.advice = advice
        self._auth = auth
        self._clock = clock
        self._emit = emit
        self._address = config.address
        self._pool = VaultClientPool(config, clock=clock, emit=emit)
        self._lock = asyncio.Lock()
        self._held: _Held | None = None
        self._trouble = Trouble()
        self._outage: _Outage | None = None
        self._last_error = "not opened"
        self._no_vain_login_before = -inf
        self._closed = False
        self._latest: Login | None = None

    @property
    def alive(self) -> bool:
        """Whether there is a token that, for all we know, Vault accepts."""
        return self._held is not None and self._clock.monotonic() < self._held.lease.ends

    @property
    def expires_at(self) -> datetime | None:
        """When the token ends; None when it never does, or when there is none."""
        if self._held is None or self._held.lease.ends == inf:
            return None
        return self._clock.now() + timedelta(seconds=self._held.lease.ends - self._clock.monotonic())

    @property
    def error(self) -> str | None:
        """Why Vault does not accept our writes, as a sentence; None while it does, for all we know."""
        if self._outage is not None:
            return self._outage.error
        return None if self.alive else self._last_error

    @property
    def error_since(self) -> datetime | None:
        """Since when Vault gives no usable response; None while it does."""
        return self._outage.since if self._outage else None

    async def check(self) -> None:
        """Check whether Vault is up and unsealed, in about two seconds at most, and update ``error``.

        While nothing is due no other request is sent, so a caller that needs the current state calls this.
        """
        if self._held is None:
            return
        with suppress(TimeoutError):  # every thread is busy, and those requests will show it
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._check()

    async def _check(self) -> None:
        try:
            response = await self._pool.call(lambda client: client.ask(server_health(), hurry=True))
        except VaultUnavailable as error:
            self._unanswered(str(error), unhealthy=True)
            return
        if response.at("sealed") is True:
            self._unanswered(f"Vault at {self._address} is sealed", unhealthy=True)
        elif self._outage is not None and self._outage.unhealthy:
            self._outage = None

    async def open(self) -> None:
        """Log in unless there is a live login; call it again while Vault is unavailable.

        Raises:
            VaultLoginRefused: Vault refuses it; a person must check the settings.
            VaultUnavailable: Vault is down, sealed, a standby or not trusted; the text says which.
        """
        async with self._lock:
            if not self.alive:
                await self._log_in()

    async def upkeep(self) -> None:
        """Renew or replace the login if that is due; emit failures as events, and retry later."""
        if self._lock.locked():
            return
        async with self._lock:
            if self._held and not self.alive:
                self._forget()
            held = self._held
            usable = held is not None and not self._auth.outdated(held.login)
            due = next_step(held.lease if held and usable else None, self._trouble)
            if self._clock.monotonic() < due.at:
                return
            if held and due.step is Step.RENEW:
                await self._renew(held)
            else:
                await self._try_to_log_in()

    async def ask(self, request: Request) -> VaultResponse:
        """Send the request, and return Vault's response: ok, not found, conflict or refused.

        Raises:
            VaultForbidden: the policy denies it.
            VaultUnavailable: there is no usable response, or no live login.
        """
        token = await self._token()
        response = await self._send(request, token)
        if response.outcome is not VaultOutcome.FORBIDDEN:
            return response
        token = await self._token_instead_of(token, request)
        response = await self._send(request, token)
        if response.outcome is VaultOutcome.FORBIDDEN:
            if not await self._accepted(token):
                self._no_vain_login_before = self._clock.monotonic() + _VAIN_LOGIN_SECONDS
            raise self._forbidden(request)
        return response

    async def close(self) -> None:
        """Wait for all requests to end, and revoke the token of our login if Vault answers within 2 s.

        A login in progress is awaited, and its token is revoked as well.
        """
        self._closed = True
        held, self._held = self._held, None
        latest, self._latest = self._latest, None
        logins = [held.login] if held else []
        if latest is not None and latest not in logins:
            logins.append(latest)
        for login in logins:
            await self._pool.call(partial(_revoke, login=login))
        await self._pool.close()

    async def _send(self, request: Request, token: Secret) -> VaultResponse:
        try:
            response = await self._pool.call(lambda client: client.ask(request, token=token))
        except VaultUnavailable as error:
            self._unanswered(str(error))
            raise
        self._outage = None
        return response

    def _unanswered(self, error: str, *, unhealthy: bool = False) -> None:
        since = self._outage.since if self._outage else self._clock.now()
        self._outage = _Outage(error, since, unhealthy or (self._outage is not None and self._outage.unhealthy))

    async def _token(self) -> Secret:
        if self._held and self.alive:
            return self._held.login.token
        async with self._lock:
            return await self._live_token()

    async def _live_token(self) -> Secret:
        """Return the live token, after a login if none is live and one may be tried; the lock is held."""
        if not self.alive and self._clock.monotonic() >= next_step(None, self._trouble).at:
            await self._try_to_log_in()
        if self._held is None or not self.alive:
            raise VaultUnavailable(f"no live Vault session: {self._last_error}")
        return self._held.login.token

    async def _token_instead_of(self, denied: Secret, request: Request) -> Secret:
        """Return a token to use instead of the one that got a 403, if that token is dead.

        Of many concurrent callers, the first looks the token up and logs in; the others use its new token.
        """
        async with self._lock:
            if self._held is None or self._held.login.token is not denied:
                return await self._live_token()
            if await self._accepted(denied) or self._clock.monotonic() < self._no_vain_login_before:
                raise self._forbidden(request)
            self._forget()
            return await self._live_token()

    async def _accepted(self, token: Secret) -> bool:
        """Whether Vault knows the token, which may have a policy that denies even ``lookup-self``."""
        return await self._pool.call(lambda client: is_known(client, token))

    async def _try_to_log_in(self) -> None:
        with suppress(VaultLoginRefused, VaultUnavailable):
            await self._log_in()

    async def _log_in(self) -> None:
        begun = self._clock.monotonic()
        try:
            login = await self._pool.call(self._login)
        except VaultLoginRefused as error:
            self._login_failed(LoginOutcome.REFUSED, error)
            raise
        except VaultUnavailable as error:
            self._login_failed(LoginOutcome.UNAVAILABLE, error)
            self._unanswered(str(error))
            raise
        self._trouble = Trouble()
        self._outage = None
        self._emit(VaultLoggedIn(method=self._auth.name, outcome=LoginOutcome.SUCCESS))
        lease = Lease(begun=begun, lasts=login.lasts, renewable=login.renewable, replaceable=self._auth.makes_tokens)
        self._hold(_Held(login, lease))

    def _login(self, client: VaultClient) -> Login:
        """Log in, on a thread. Meanwhile the caller may be cancelled, and the session closed."""
        self._latest = login = self._auth.login(client)
        if self._closed:
            _revoke(client, login)
        return login

    def _login_failed(self, outcome: LoginOutcome, error: Exception) -> None:
        self._last_error = str(error)
        self._trouble = self._trouble.again(self._clock.monotonic())
        self._emit(VaultLoggedIn(method=self._auth.name, outcome=outcome, error=str(error)))

    async def _renew(self, held: _Held) -> None:
        begun = self._clock.monotonic()
        try:
            response = await self._send(renew_self(), held.login.token)
        except VaultUnavailable as error:
            self._last_error = str(error)
            self._trouble = self._trouble.again(self._clock.monotonic())
            return
        self._trouble = Trouble()
        if response.outcome is VaultOutcome.OK:
            renewable = response.at("auth", "renewable") is True
            self._hold(
                replace(held, lease=held.lease.renewed(begun=begun, lasts=granted(response), renewable=renewable))
            )
        else:
            self._held = replace(held, lease=replace(held.lease, renewable=False))
            if not held.lease.replaceable:
                self._emit(VaultLoggedIn(method=self._auth.name, outcome=LoginOutcome.REFUSED, error=_ends(response)))

    def _hold(self, held: _Held) -> None:
        if self._closed:
            return
        self._held = held
        self._emit(VaultSessionChanged(expires_at=self.expires_at, alive=True))

    def _forbidden(self, request: Request) -> VaultForbidden:
        return VaultForbidden(f"Vault's policy denies {request.capability} on {request.path}: {self.advice}")

    def _forget(self) -> None:
        self._held = None
        self._emit(VaultSessionChanged(expires_at=self._clock.now(), alive=False))


def _revoke(client: VaultClient, login: Login) -> None:
    if login.ours:
        with suppress(VaultUnavailable):  # then it expires by itself
            client.ask(revoke_self(), token=login.token, hurry=True)


def _ends(refusal: VaultResponse) -> str:
    """Return what to do about a token from the settings that can be neither renewed nor replaced."""
    return (
        f"Vault refuses to renew the token (auth/token/renew-self, status {refusal.status}), which will end: "
        "give its policy what `zoho-tokend policy daemon` prints, or the daemon another token or VAULT_AUTH"
    )
