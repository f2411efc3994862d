"""Discovery: read from Vault which connections exist, which tokens they have, and which failing ones were corrected.

A listing names deleted credentials too, so each new name is read before it counts. A deleted one is read again in the
next pass, since a deletion can be undone. Names are independent: one that Vault cannot read does not stop the others.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Final

from zoho_tokend.concurrency import cooperatively
from zoho_tokend.core import schedule, transitions
from zoho_tokend.core.errors import (
    GrantRevoked,
    NoCredential,
    NotAllowed,
    Outcome,
    RecordUnreadable,
    RefreshError,
    VaultForbidden,
    VaultUnavailable,
)
from zoho_tokend.core.events import (
    ClientsUnrestricted,
    Discovered,
    DiscoveryEnded,
    Followed,
    IllNamed,
    NotDiscovered,
    Parked,
    RefreshCrashed,
    Sink,
    Vanished,
    Woken,
    trace_of,
)
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.model import ConnectionName, Credential, Published
from zoho_tokend.core.policy import ZOHO_LIFETIME
from zoho_tokend.core.ports import Clock, CredentialStore, Listing, TokenStore
from zoho_tokend.core.sharding import WHOLE, Shard
from zoho_tokend.engine.bulk_reader import BulkReader

# How many failing connections one pass looks at; the next pass takes others, so that a pass never reads a whole fleet.
_LOOKS_IN_A_PASS: Final = 500
# While many new names are read, failing connections are looked at this often, in seconds.
_LOOK_EVERY: Final = 30.0
_NAMES_IN_A_SLICE: Final = 256
# Each pass compares at least so many token records with the fleet, and every record once within a lead.
_COMPARISONS: Final = 32
# The least time between two wakings of a connection by its own records, in seconds.
_WAKE_INTERVAL: Final = 60.0
# How many clients one log line names.
_CLIENTS_NAMED_AT_MOST: Final = 20


class Discovery:
    """Compares the fleet with Vault, for the connections of the shard.

    Attributes:
        complete: whether every name of one listing has been tried.
        error: why the last pass failed, as a sentence; None after a success.
        undiscovered: the error for each name that Vault gave no usable answer about.
        ill_named: names there that are not valid connection names, sorted.
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
        self._reader = BulkReader(probe=credentials.names, clock=clock)
        self._of_other_shards: frozenset[ConnectionName] = frozenset()
        self._was_unanswered = False
        self._looked_at: dict[ConnectionName, float] = {}
        self._looked_since = clock.monotonic()
        self._woken_at: dict[ConnectionName, float] = {}
        self._unrestricted: set[str] = set()
        self._round: Iterator[ConnectionName] = iter(())
        self._to_compare: set[ConnectionName] = set()
        self._compared_at = clock.monotonic()
        self.complete = False
        self.error: str | None = None
        self.undiscovered: dict[ConnectionName, str] = {}
        self.ill_named: tuple[str, ...] = ()

    async def look(self) -> None:
        """Bring the fleet in line with Vault: exactly its connections, with the tokens that it holds.

        Failing connections whose records or policy changed are woken. Where Vault does not answer, the fleet stays as
        it is, and an event says so. The first pass after that wakes the connections that waited for Vault.
        """
        begun = self._clock.monotonic()
        error: RefreshError | None = None
        try:
            await self._look()
        except (VaultUnavailable, NotAllowed) as refusal:
            error = refusal
        self._was_unanswered = error is not None
        self.error = str(error) if error else None
        took = timedelta(seconds=self._clock.monotonic() - begun)
        self._emit(
            DiscoveryEnded(
                connections=len(self._fleet),
                took=took,
                error=self.error,
                unreadable=len(self.undiscovered),
                ill_named=len(self.ill_named),
            )
        )

    async def _look(self) -> None:
        listing = await self._reader.ask(self._credentials.names)
        if self._was_unanswered:
            await self._try_again()
        self._report_ill_named(listing)
        async for name in cooperatively(tuple(self._fleet.names)):
            if name not in listing.names:
                self._vanish(name)
        self.undiscovered = {name: error for name, error in self.undiscovered.items() if name in listing.names}
        await self._look_at_troubled()
        if self._fleet.term is not None:
            await self._compare_some()
        new = await self._new(listing.names)
        unwritable: set[ConnectionName] = set()

        async def check_policy(names: list[ConnectionName]) -> None:
            unwritable.update(await self._reader.ask(partial(self._tokens.unwritable, names)))

        async def add(name: ConnectionName) -> None:
            await self._add(name, forbidden=name in unwritable)

        for some in _slices(new):
            if self._clock.monotonic() - self._looked_since >= _LOOK_EVERY:
                await self._look_at_troubled()
            await self._reader.each(check_policy, [some], failed=lambda *_: None)
            await self._each(add, some)
        if not self.complete:
            self._warn_of_unrestricted_clients()
        self.complete = True

    def _warn_of_unrestricted_clients(self) -> None:
        """Report once, after the start, the clients that any connection may use."""
        if self._unrestricted:
            names = tuple(sorted(self._unrestricted))
            self._emit(ClientsUnrestricted(clients=names[:_CLIENTS_NAMED_AT_MOST], count=len(names)))
            self._unrestricted.clear()

    def _report_ill_named(self, listing: Listing) -> None:
        known, self.ill_named = self.ill_named, tuple(sorted(filter(self._shard.owns, listing.ill_named)))
        for name in self.ill_named:
            if name not in known:
                self._emit(IllNamed(name=name))

    async def _try_again(self) -> None:
        """Try again what waited for Vault, and compare every token record with the fleet in this pass."""
        self._to_compare.update(self._fleet.names)
        async for name in cooperatively(tuple(self._fleet.names)):
            if name in self._fleet:
                self._fleet.vault_came_back(name, self._clock.now())

    async def _each(self, read: Callable[[ConnectionName], Awaitable[None]], names: Iterable[ConnectionName]) -> None:
        await self._reader.each(read, names, failed=self._failed)

    def _failed(self, name: ConnectionName, error: Exception) -> None:
        known = name in self._fleet
        match error:
            case VaultUnavailable():
                if not known and self.undiscovered.get(name) != str(error):
                    self._emit(NotDiscovered(connection=name, error=str(error)))
                if not known:
                    self.undiscovered[name] = str(error)
            case NotAllowed():
                pass  # The policy denies a comparison: a refresh will report it.
            case _:
                self._emit(RefreshCrashed(connection=name, kind=type(error).__name__, traceback=trace_of(error)))
                if not known:
                    self._found(name, None, None, RecordUnreadable(f"the records of {name}: see the log"))

    # --- new names ---------------------------------------------------------------------------------------------

    async def _new(self, names: frozenset[ConnectionName]) -> list[ConnectionName]:
        """Return the unknown names of our shard; each name is hashed once, for there may be 100,000."""
        unknown = [
            name async for name in cooperatively(names) if name not in self._fleet and name not in self._of_other_shards
        ]
        unknown.sort()
        own = [name async for name in cooperatively(unknown) if self._shard.owns(name)]
        self._of_other_shards = (self._of_other_shards & names) | set(unknown).difference(own)
        return own

    async def _add(self, name: ConnectionName, *, forbidden: bool) -> None:
        credential: Credential | None = None
        published: Published | None = None
        problem: RefreshError | None = _unwritable(name) if forbidden else None
        try:
            credential = await self._reader.ask(partial(self._credentials.credential, name))
        except NoCredential:
            return
        except (RecordUnreadable, NotAllowed) as error:
            problem = error
        # A good token beside a bad credential is no news: seen later, it would pass for the end of the trouble.
        try:
            published = await self._reader.ask(partial(self._tokens.published, name))
        except (RecordUnreadable, NotAllowed) as error:
            problem = error if credential is not None else problem
        self._found(name, credential, published, problem)

    def _found(
        self,
        name: ConnectionName,
        credential: Credential | None,
        published: Published | None,
        problem: RefreshError | None,
    ) -> None:
        self.undiscovered.pop(name, None)
        now = self._clock.now()
        connection = self._fleet.add(name, published, now)
        if credential is not None:
            connection = self._fleet.read(name, credential, now)
            if credential.unrestricted_client is not None and not self.complete:
                self._unrestricted.add(credential.unrestricted_client)
        expires_at = connection.token.expires_at if connection.token else None
        next_at = schedule.next_at(connection, now, self._fleet.policy)
        self._emit(Discovered(connection=name, expires_at=expires_at, next_refresh_at=None if problem else next_at))
        if problem is not None:
            self._park(name, problem)

    # --- failing connections------------------------------------------------------------------------------------

    async def _look_at_troubled(self) -> None:
        """Look at failing connections, the longest unseen first; a pass does not read a whole failing fleet."""
        self._looked_since = self._clock.monotonic()
        troubled = [each.name for each in self._fleet.troubled]
        seen = {name: self._looked_at.get(name, 0.0) for name in troubled}
        self._looked_at = seen
        some = sorted(troubled, key=seen.__getitem__)[:_LOOKS_IN_A_PASS]
        await self._each(self._look_again, some)

    async def _look_again(self, name: ConnectionName) -> None:
        """Wake a connection whose records or policy have changed since it failed."""
        if name not in self._fleet:
            return
        self._looked_at[name] = self._clock.monotonic()
        try:
            credential = await self._reader.ask(partial(self._credentials.credential, name, fresh=True))
            forbidden = await self._is_forbidden(name)
        except NoCredential:
            self._vanish(name)
            return
        except RecordUnreadable as error:
            if name in self._fleet and (error.stamp != self._fleet[name].stamp or self._outcome(name) is None):
                self._park(name, error)
            if not isinstance(error, GrantRevoked):
                return
        except NotAllowed:
            return  # The connection failed for this, or a refresh will report it.
        else:
            if name in self._fleet and not forbidden and self._has_changed(name, credential):
                self._wake(name, credential)
        if self._fleet.term is not None:
            await self._compare(name)

    async def _is_forbidden(self, name: ConnectionName) -> bool:
        """Return whether the policy still denies the write that it denied before."""
        if self._outcome(name) is not Outcome.VAULT_FORBIDDEN:
            return False
        return bool(await self._reader.ask(partial(self._tokens.unwritable, {name})))

    def _wake(self, name: ConnectionName, credential: Credential) -> None:
        now = self._clock.monotonic()
        self._woken_at = {each: at for each, at in self._woken_at.items() if now - at < _WAKE_INTERVAL}
        if name in self._woken_at:
            return  # A record that is rewritten all the time is tried once a minute.
        self._woken_at[name] = now
        # A standby refreshes nothing, and would otherwise not learn the credential's own REFRESH_AT.
        self._fleet.read(name, credential, self._clock.now())
        self._fleet.wake(name, self._clock.now())
        self._emit(Woken(connection=name))

    def _has_changed(self, name: ConnectionName, credential: Credential) -> bool:
        return self._outcome(name) is Outcome.VAULT_FORBIDDEN or credential.stamp != self._fleet[name].stamp

    def _outcome(self, name: ConnectionName) -> Outcome | None:
        failure = self._fleet[name].failure if name in self._fleet else None
        return failure.outcome if failure else None

    # --- token records ---------------------------------------------------------------------------------------

    async def _compare_some(self) -> None:
        """Compare token records with the fleet: a few in each pass, vanished ones at once, and all after an outage."""
        self._to_compare.update(await self._vanished_records())
        now = self._clock.monotonic()
        share = timedelta(seconds=now - self._compared_at) / self._fleet.policy.lead(ZOHO_LIFETIME)
        self._compared_at = now
        some = max(_COMPARISONS, int(len(self._fleet) * share))
        turn = list(islice(self._round, some))
        if len(turn) < some:
            self._round = iter(tuple(self._fleet.names))
            turn += islice(self._round, min(some, len(self._fleet)) - len(turn))
        waiting = [name for name in self._to_compare if name in self._fleet]
        self._to_compare.clear()
        await self._each(self._compare, dict.fromkeys([*waiting, *turn]))

    async def _vanished_records(self) -> list[ConnectionName]:
        """Return the connections whose token record should exist, but is no longer listed: `revoke` erases it."""
        try:
            recorded = await self._reader.ask(self._tokens.recorded)
        except (NotAllowed, VaultUnavailable):
            return []  # An older policy denies the listing; the round finds them later.
        return [
            name
            async for name in cooperatively(tuple(self._fleet.names))
            if name not in recorded and name in self._fleet and self._fleet[name].version
        ]

    async def _compare(self, name: ConnectionName) -> None:
        if name not in self._fleet or self._fleet.is_under_way(name) or self._fleet[name].write_at is not None:
            return
        before = self._fleet[name]
        published = await self._reader.ask(partial(self._tokens.published, name))
        if name not in self._fleet or self._fleet.is_under_way(name) or self._fleet[name].version != before.version:
            return  # It was refreshed meanwhile, and the record that was read is outdated.
        now = self._clock.now()
        each = self._fleet.update(
            name, lambda each: transitions.after_looking(each, published, term=None, now=now), now
        )
        if (each.version, each.token) == (before.version, before.token):
            return
        expires_at = each.token.expires_at if each.token else None
        self._emit(Followed(connection=name, expires_at=expires_at, version=each.version))
        if each.token is None and not each.in_trouble:
            await self._look_again(name)

    # --- within ------------------------------------------------------------------------------------------------

    def _park(self, name: ConnectionName, problem: RefreshError) -> None:
        now = self._clock.now()
        connection = self._fleet.fail(name, problem, now, uptime=self._clock.monotonic())
        probe_at = schedule.next_at(connection, now, self._fleet.policy)
        self._emit(Parked(connection=name, outcome=problem.outcome, error=str(problem), next_probe_at=probe_at))

    def _vanish(self, name: ConnectionName) -> None:
        # One that is under way ends first: its refresh finds out, or the next pass does.
        if name in self._fleet and not self._fleet.is_under_way(name):
            self._fleet.forget(name)
            self._emit(Vanished(connection=name))


def _slices(names: list[ConnectionName]) -> Iterator[list[ConnectionName]]:
    return (names[begin : begin + _NAMES_IN_A_SLICE] for begin in range(0, len(names), _NAMES_IN_A_SLICE))


def _unwritable(name: ConnectionName) -> VaultForbidden:
    return VaultForbidden(
        f"Vault's policy does not let zoho-tokend create and update the token record of {name}: "
        "grant it, as `zoho-tokend policy daemon` prints it"
    )
