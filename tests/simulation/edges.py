"""Where two troubles meet: each edge is a world of its own that is led straight to the spot, by the dice of its seed.

What chance alone would bring together in hours of simulation happens here in the first episode.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.simulation.daemon import DISCOVERY_INTERVAL, Daemon
from tests.simulation.faults import at_vault, at_zoho, to_replicas
from tests.simulation.faults.span import MINUTE
from tests.simulation.findings import BrokenRule
from tests.simulation.plan import HOUR, Plan
from tests.simulation.world import Fate, World
from zoho_tokend.core.connection import state
from zoho_tokend.core.facts import State
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import Policy

# An interval, and what a pass of the discovery takes.
_TAKEN_UP: Final = DISCOVERY_INTERVAL + 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A kind of world, and what befalls it in its only episode."""

    fate: Fate
    locations: Callable[[Random], tuple[str, ...]] = lambda rng: ("eu",) * rng.randint(2, 6)
    shared: bool = False
    shards: int = 1
    elects: bool = False
    limited_client: bool = False

    @property
    def name(self) -> str:
        """What it is about."""
        return self.fate.__name__.replace("_", " ")

    def plan(self, seed: int) -> Plan:
        """The plan of a seed, which is always the same."""
        rng = Random(f"{seed}/{self.name}")
        locations = self.locations(rng)
        return Plan(
            seed=seed,
            lifetime=HOUR,
            policy=Policy(),
            connections=len(locations),
            replicas=2 if self.elects else self.shards,
            named_client=self.limited_client or rng.random() < 0.5,
            shared=self.shared,
            rotates=False,
            refresh_at=(None,) * len(locations),
            elects=self.elects,
            locations=locations,
            shards=self.shards,
            limited_client=self.limited_client,
        )


# --- a server that hangs, and restarts -------------------------------------------------------------------------------


def a_restart_while_a_server_hangs(world: World, rng: Random) -> None:
    """Those at the other server become due while everybody at the hanging ones is overdue, and nobody knows why."""
    first, last = _due_in(world, world.plan.at("eu"))
    hanging = world.plan.at("us", "in")
    world.after(max(first - 4 * MINUTE, 0.0), at_zoho.servers_hang, world, last - first + 10 * MINUTE, hanging)
    for _ in range(rng.randint(1, 2)):
        world.after(rng.uniform(first - 20, last), world.replicas[0].kill)


def restarts_in_an_outage(world: World, rng: Random) -> None:
    """What was spent in vain before a restart counts after it."""
    first, _ = _due_in(world, world.plan.names)
    span = rng.uniform(12, 25) * MINUTE
    world.after(first, at_zoho.zoho_is_no_use, world, span, rng)
    at = first + 2 * MINUTE
    while at < first + span:
        at += rng.uniform(20, 100)
        world.after(at, rng.choice(world.replicas).kill)


def a_leader_is_cut_off_from_its_lease(world: World, rng: Random) -> None:
    """Another leads by the time that the next connection is due, and two never ask."""
    first, _ = _due_in(world, world.plan.names)
    leader = next(each for each in world.replicas if each.daemon and each.daemon.fleet.term is not None)
    cut_in = max(first - rng.uniform(2, 9) * MINUTE, 0.0)
    world.after(cut_in, to_replicas.cut_off_from_the_lease, world, leader, rng.uniform(10, 20) * MINUTE)


def two_shards_share_a_grant_in_an_outage(world: World, rng: Random) -> None:
    """Neither knows of the other but by what stands in Vault."""
    restarts_in_an_outage(world, rng)


# --- a Vault that limits or errs -------------------------------------------------------------------------------------


def vault_has_a_quota_at_a_restart(world: World, rng: Random) -> None:
    """Everybody is known within one and a half times what the quota alone dictates."""
    number = world.plan.connections
    rate = rng.uniform(number / 12, number / 4)
    # A credential, a token record and a share of the question what may be written; and what the refreshes need.
    dictated = 2.2 * number / rate
    at_vault.vault_limits(world, 3 * dictated + MINUTE, rate, rng)
    world.replicas[0].kill()
    world.after(1.0 + 1.5 * dictated + 10.0, _check_known, world, world.plan.names)


def one_path_that_vault_cannot_read(world: World, rng: Random) -> None:
    """It costs that one alone, at a restart least of all the others."""
    name = rng.choice(world.plan.names)
    at_vault.vault_errs_at_one_path(world, 10 * MINUTE, name, rng)
    world.replicas[0].kill()
    others = [each for each in world.plan.names if each != name]
    world.after(_TAKEN_UP + MINUTE, _check_known, world, others)


def a_record_of_another_age(world: World, rng: Random) -> None:
    """A token record with times that no token has ever had, at a restart; its own connection is due at once."""
    name = rng.choice(world.plan.names)
    issued_at, expires_at = rng.choice(
        (
            ("0001-01-01T00:00:00+14:00", "0001-01-01T01:00:00+14:00"),
            ("0001-01-01T00:00:00Z", "0001-01-01T01:00:00Z"),
            ("9999-12-31T22:59:59-01:00", "9999-12-31T23:59:59-01:00"),
            ("9999-12-31T22:59:59Z", "9999-12-31T23:59:59Z"),
        )
    )
    standing = world.vault.fields(f"tokens/{name}") or {}
    world.vault.put(f"tokens/{name}", {**standing, "issued_at": issued_at, "expires_at": expires_at})
    if rng.random() < 0.7:
        world.replicas[0].kill()
    world.after(_TAKEN_UP + MINUTE, _check_known, world, world.plan.names)
    world.after(_TAKEN_UP + MINUTE, _check_replaced, world, name, issued_at)


# --- a Zoho that is wrong, or away -----------------------------------------------------------------------------------


def zoho_refuses_good_credentials_for_less_than_the_floor(world: World, rng: Random) -> None:
    """No job notices, be it one that is refused or everybody."""
    names = world.plan.names[: rng.choice((1, 2, world.plan.connections))]
    first, _ = _due_in(world, names)
    floor = min(terms.floor for terms in world.plan.terms().values())
    world.after(max(first - 5, 0.0), at_zoho.zoho_refuses, world, rng.uniform(0.1, 0.97) * floor, names, rng)


def a_long_outage_of_zoho(world: World, rng: Random) -> None:
    """Whoever has no token any more gets one as soon as the budget's pace allows."""
    first, _ = _due_in(world, world.plan.names)
    world.after(first, at_zoho.zoho_is_no_use, world, rng.uniform(1.1, 1.8) * 0.5 * HOUR, rng)


def a_client_is_limited(world: World, rng: Random) -> None:
    """After the first hour no job finds an expired token, and one below the floor for 1 % of the time at most."""
    del rng
    begins, ends, step = 0.0, 4 * HOUR, MINUTE
    floor = world.plan.policy.floor.total_seconds()
    looks: list[bool] = []

    def look() -> None:
        for name in world.plan.names:
            left = world.promise.expires(name) - world.loop.time()
            if left <= 0:
                raise BrokenRule(f"{name} has no token, although its client's limit suffices")
            looks.append(left < floor)

    def judge() -> None:
        if sum(looks) > 0.01 * len(looks):
            raise BrokenRule(f"{sum(looks)} of {len(looks)} looks find less than the floor within a client's limit")

    for number in range(int((ends - begins) / step)):
        world.after(begins + number * step, look)
    world.after(ends, judge)


# --- what people do, and what stands in Vault ------------------------------------------------------------------------


def a_credential_is_corrected_whatever_the_state(world: World, rng: Random) -> None:
    """Failing, throttled, refused: the corrected credential is tried within an interval, version 1 or not."""
    name = rng.choice(world.plan.names)
    anew = rng.random() < 0.5
    if anew:
        # So that the one that is refused has the version of the one that follows it.
        world.people.make_anew(name, world.people.refresh_token_of(name))
    first, _ = _due_in(world, [name])
    trouble = rng.choice((at_zoho.zoho_is_no_use_to, at_zoho.zoho_throttles_one, at_zoho.a_grant_dies))
    old = world.people.refresh_token_of(name)
    world.after(max(first - 5, 0.0), trouble, world, old, rng)
    world.after(max(first - 5, 0.0) + rng.uniform(6, 9) * MINUTE, _correct, world, name, anew)


def a_person_refreshes_while_the_daemon_waits(world: World, rng: Random) -> None:
    """The token that another process wrote is known within an interval, and ends the failures."""
    name = rng.choice(world.plan.names)
    first, _ = _due_in(world, [name])
    span = rng.uniform(3, 9) * MINUTE
    trouble = rng.choice((at_zoho.zoho_refuses, at_zoho.zoho_throttles_for))
    world.after(max(first - 5, 0.0), trouble, world, span, (name,), rng)
    at = max(first - 5, 0.0) + span + 1.0
    world.after(at, world.terminal.refresh, name)
    world.after(at + 2.0 + _TAKEN_UP, _check_believed, world, [name])


def vault_goes_back_in_time(world: World, rng: Random) -> None:
    """A snapshot is restored, an hour old or two; what stands in Vault then is believed within an interval.

    The discovery meets the outage: of a shorter one it learns in its round, by and by.
    """
    snapshot = world.vault.snapshot()
    after = rng.uniform(0.6, 1.5) * HOUR

    def restore() -> None:
        at_vault.vault_is_restored(world, snapshot, rng.uniform(_TAKEN_UP, 5 * MINUTE))

    world.after(after, restore)
    world.after(after + 5 * MINUTE + _TAKEN_UP, _check_believed, world, world.plan.names)


def a_grant_is_revoked_while_a_refresh_is_under_way(world: World, rng: Random) -> None:
    """Its token is not published any more, and the daemon says within an interval that it is revoked."""
    name = rng.choice(world.plan.names)
    first, _ = _due_in(world, [name])
    if rng.random() < 0.7:
        at_zoho.zoho_is_slow_for(world, first + 3 * MINUTE, (name,), rng)
    at = max(first + rng.choice((rng.uniform(-MINUTE, MINUTE), rng.uniform(0, 3))), 1.0)

    def revoke() -> None:
        world.revoke(name)
        world.after(_TAKEN_UP + MINUTE, _check_revoked, world, name)

    world.after(at, revoke)


# --- what is looked at -----------------------------------------------------------------------------------------------


def _due_in(world: World, names: Sequence[str]) -> tuple[float, float]:
    """In how many seconds the first of them is due, and the last."""
    due = [_due_of(world, name) for name in names]
    return max(min(due), 0.0), max(*due, 1.0)


def _due_of(world: World, name: str) -> float:
    daemon, now = _who_knows(world, name), _who_knows(world, name).clock.now()
    return (daemon.fleet.due_at(ConnectionName(name), now) - now).total_seconds()


def _who_knows(world: World, name: str) -> Daemon:
    for daemon in world.alive():
        if name in daemon.fleet:
            return daemon
    raise BrokenRule(f"{name} is not known to any process")


def _check_known(world: World, names: Sequence[str]) -> None:
    known = {name for daemon in world.alive() for name in daemon.fleet.names}
    if missing := [name for name in names if name not in known]:
        raise BrokenRule(f"{len(missing)} connections are not known although Vault allows it, such as {missing[0]}")


def _check_replaced(world: World, name: str, issued_at: str) -> None:
    if (world.vault.fields(f"tokens/{name}") or {}).get("issued_at") == issued_at:
        raise BrokenRule(f"a record that nobody can believe still stands for {name}")


def _correct(world: World, name: str, anew: bool) -> None:  # noqa: FBT001 - a callback has no keywords
    new = world.zoho.consent(name)
    if anew:
        world.people.make_anew(name, new)
    else:
        world.people.put_credential(name, new)

    def check() -> None:
        if new not in world.zoho.asked_with:
            raise BrokenRule(f"the corrected credential of {name} is not tried {_TAKEN_UP:.0f} s after it was stored")

    world.after(_TAKEN_UP, check)


def _check_believed(world: World, names: Sequence[str]) -> None:
    for name in names:
        each = _who_knows(world, name).fleet[ConnectionName(name)]
        stands = (world.vault.fields(f"tokens/{name}") or {}).get("expires_at_epoch")
        if each.token is None or int(each.token.expires_at.timestamp()) != stands:
            raise BrokenRule(f"what stands in Vault of {name} is not what is believed, and all is well")
        if each.in_trouble:
            raise BrokenRule(f"{name} is still in trouble beside a good token: {each.failure}")


def _check_revoked(world: World, name: str) -> None:
    daemon = _who_knows(world, name)
    is_now = state(daemon.fleet[ConnectionName(name)], daemon.clock.now(), in_flight=False)
    if not world.people.refresh_token_of(name) and is_now is not State.REVOKED:
        raise BrokenRule(f"{name} was revoked, and is {is_now.value} to the daemon")


# --- all of them -----------------------------------------------------------------------------------------------------


def _a_crowd_that_hangs(rng: Random) -> tuple[str, ...]:
    hanging = rng.randint(150, 250)
    in_two = rng.random() < 0.5
    return ("eu",) * 12 + tuple("in" if in_two and number % 2 else "us" for number in range(hanging))


def _a_crowd(rng: Random) -> tuple[str, ...]:
    return ("eu",) * rng.randint(60, 150)


ALL: Final = (
    Edge(fate=a_restart_while_a_server_hangs, locations=_a_crowd_that_hangs),
    Edge(fate=restarts_in_an_outage),
    Edge(fate=a_leader_is_cut_off_from_its_lease, elects=True),
    Edge(fate=two_shards_share_a_grant_in_an_outage, locations=lambda _rng: ("eu",) * 4, shared=True, shards=2),
    Edge(fate=vault_has_a_quota_at_a_restart, locations=_a_crowd),
    Edge(fate=one_path_that_vault_cannot_read, locations=lambda rng: ("eu",) * rng.randint(3, 40)),
    Edge(fate=a_record_of_another_age),
    Edge(fate=zoho_refuses_good_credentials_for_less_than_the_floor),
    Edge(fate=a_long_outage_of_zoho),
    Edge(fate=a_client_is_limited, locations=lambda _rng: ("eu",) * 24, limited_client=True),
    Edge(fate=a_credential_is_corrected_whatever_the_state),
    Edge(fate=a_person_refreshes_while_the_daemon_waits),
    Edge(fate=vault_goes_back_in_time, locations=_a_crowd),
    Edge(fate=a_grant_is_revoked_while_a_refresh_is_under_way),
)
BY_NAME: Final = {edge.name: edge for edge in ALL}
