"""Learning from Vault which connections exist, and which of the refused ones have something new to try.

A listing names deleted credentials too, so each new name is read before it counts; one that is gone is looked at again
in the next pass, since a deletion can be undone.
"""

from datetime import timedelta
from functools import partial
from typing import Final

from zoho_tokend.abreast import abreast
from zoho_tokend.core import schedule
from zoho_tokend.core.errors import (
    NoCredential,
    NotAllowed,
    Outcome,
    RecordUnreadable,
    RefreshError,
    VaultForbidden,
    VaultUnavailable,
)
from zoho_tokend.core.events import Discovered, DiscoveryEnded, IllNamed, Parked, Sink, Vanished, Woken
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.model import ConnectionName, Credential, Published
from zoho_tokend.core.ports import Clock, CredentialStore, TokenStore
from zoho_tokend.core.sharding import WHOLE, Shard
from zoho_tokend.unhurried import unhurried

# As many at once as keep Vault's threads busy, and no more: refreshes are served by the same ones.
_AT_ONCE: Final = 8
_NOTHING_PUBLISHED: Final = Published(version=0, record=None)


class Discovery:
    """Compares the fleet with Vault, as far as the shard goes.

    Its memory, beyond the fleet, is which odd names were reported, and which names belong to other shards.
    """

    def __init__(
        self,
        *,
        fleet: Fleet,
        credentials: CredentialStore,
        tokens: TokenStore,
        clock: Clock,
        emit: Sink,
        shard: Shard = WHOLE,
    ) -> None:
        self._fleet = fleet
        self._credentials = credentials
        self._tokens = tokens
        self._clock = clock
        self._emit = emit
        self._shard = shard
        self._ill_named: frozenset[str] = frozenset()
        self._of_others: frozenset[ConnectionName] = frozenset()
        self.complete = False
        self._was_unanswered = False

    async def look(self) -> None:
        """The fleet has every connection of Vault and no other; refused ones with something new to try are awake.

        Where Vault does not answer, the fleet stays as it is; an event says so, and the first pass that it answers
        again wakes whom its absence made wait. ``complete`` is true once one pass came to its end.
        """
        begun = self._clock.monotonic()
        error: RefreshError | None = None
        try:
            await self._look()
        except (VaultUnavailable, NotAllowed) as refusal:
            error = refusal
        else:
            self.complete = True
            if self._was_unanswered:
                await self._try_again()
        self._was_unanswered = error is not None
        took = timedelta(seconds=self._clock.monotonic() - begun)
        self._emit(DiscoveryEnded(connections=len(self._fleet), took=took, error=str(error) if error else None))

    async def _look(self) -> None:
        listing = await self._credentials.names()
        for ill_named in sorted(listing.ill_named - self._ill_named):
            if self._shard.owns(ill_named):
                self._emit(IllNamed(name=ill_named))
        self._ill_named = listing.ill_named
        async for name in unhurried(tuple(self._fleet.names)):
            if name not in listing.names:
                self._vanish(name)
        if new := await self._new(listing.names):
            unwritable = await self._tokens.unwritable(new)
            await abreast(partial(self._add, unwritable=unwritable), new, at_once=_AT_ONCE)
        await abreast(self._look_again, [connection.name for connection in self._fleet.refused], at_once=_AT_ONCE)

    async def _try_again(self) -> None:
        async for name in unhurried(tuple(self._fleet.names)):
            if name in self._fleet:
                self._fleet.vault_came_back(name, self._clock.now())

    async def _new(self, names: frozenset[ConnectionName]) -> list[ConnectionName]:
        """Our own among those that are not known yet; each name is asked about once, for there may be 100,000."""
        unknown = [name async for name in unhurried(names) if name not in self._fleet and name not in self._of_others]
        unknown.sort()
        own = [name async for name in unhurried(unknown) if self._shard.owns(name)]
        self._of_others = (self._of_others & names) | set(unknown).difference(own)
        return own

    async def _add(self, name: ConnectionName, *, unwritable: frozenset[ConnectionName]) -> None:
        credential: Credential | None = None
        published = _NOTHING_PUBLISHED
        problem: RefreshError | None = _unwritable(name) if name in unwritable else None
        try:
            credential = await self._credentials.credential(name)
            published = await self._tokens.published(name)
        except NoCredential:
            return
        except (RecordUnreadable, NotAllowed) as error:
            problem = error
        now = self._clock.now()
        connection = self._fleet.add(name, published, now)
        if credential is not None:
            connection = self._fleet.read(name, credential, now)
        expires_at = connection.token.expires_at if connection.token else None
        next_at = schedule.next_at(connection, now, self._fleet.policy)
        self._emit(Discovered(connection=name, expires_at=expires_at, next_refresh_at=None if problem else next_at))
        if problem is not None:
            self._park(name, problem)

    async def _look_again(self, name: ConnectionName) -> None:
        """Wake a refused connection whose records or policy are no longer what its verdict was about."""
        try:
            credential = await self._credentials.credential(name, fresh=True)
            forbidden = self._verdict(name) is Outcome.VAULT_FORBIDDEN and await self._tokens.unwritable({name})
        except NoCredential:
            self._vanish(name)
        except RecordUnreadable as error:
            if name in self._fleet and error.stamp != self._fleet[name].stamp:
                self._park(name, error)
        except NotAllowed:
            pass  # It is refused for that, or will say so when it is tried.
        else:
            if name in self._fleet and not forbidden and self._has_changed(name, credential):
                # A standby refreshes nothing, and would otherwise not learn what share of a life to wait for.
                self._fleet.read(name, credential, self._clock.now())
                self._fleet.wake(name, self._clock.now())
                self._emit(Woken(connection=name))

    def _has_changed(self, name: ConnectionName, credential: Credential) -> bool:
        return self._verdict(name) is Outcome.VAULT_FORBIDDEN or credential.stamp != self._fleet[name].stamp

    def _verdict(self, name: ConnectionName) -> Outcome | None:
        failure = self._fleet[name].failure if name in self._fleet else None
        return failure.outcome if failure else None

    def _park(self, name: ConnectionName, problem: RefreshError) -> None:
        now = self._clock.now()
        connection = self._fleet.fail(name, problem, now)
        probe_at = schedule.next_at(connection, now, self._fleet.policy)
        self._emit(Parked(connection=name, outcome=problem.outcome, error=str(problem), next_probe_at=probe_at))

    def _vanish(self, name: ConnectionName) -> None:
        # One that is under way ends first: it finds out by itself, or the next pass does.
        if name in self._fleet and not self._fleet.is_under_way(name):
            self._fleet.forget(name)
            self._emit(Vanished(connection=name))


def _unwritable(name: ConnectionName) -> VaultForbidden:
    return VaultForbidden(
        f"Vault's policy does not let zoho-tokend create and update the token record of {name}: "
        "grant it, as `zoho-tokend policy daemon` prints it"
    )
