"""A small world of candidates and one lease, in which every order of events and every loss is tried.

Time goes in whole ticks. Within one, the candidates whose turn it is act in every order; each request may be served at
once, or meet one of the fates below. A state is a value, so that none is gone through twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Final

from tests.support.samples.builders import NOON
from zoho_tokend.core import election
from zoho_tokend.core.election import Candidate, Leave, Look, Rest, Terms, Write
from zoho_tokend.core.lease import Lease, LeaseRecord

TICK: Final = timedelta(seconds=1)
TERMS: Final = Terms(lease=6 * TICK, renew_deadline=3 * TICK, retry_period=2 * TICK)
_TIMEOUT: Final = 2
_LATE: Final = 3
_FOREVER: Final = 100


class Fate(Enum):
    """What else can become of a request, or of a candidate."""

    LOST = "the request never arrives"
    UNANSWERED = "it is served, and the answer is lost"
    SLOW_ANSWER = "it is served, and answered a tick later"
    SLOW_REQUEST = "it is served, and answered, a tick later"
    TOO_LATE = "it is served after the candidate gave it up"
    CRASH = "the candidate dies"
    LEAVE = "the candidate leaves in order"


ON_THE_WAY: Final = frozenset({Fate.LOST, Fate.UNANSWERED, Fate.SLOW_ANSWER, Fate.SLOW_REQUEST, Fate.TOO_LATE})


@dataclass(frozen=True)
class Flight:
    """A request under way: when it is served and answered (None: never), and the answer, once it was served."""

    request: Look | Write
    asked_at: int
    served_at: int | None
    answered_at: int | None
    answer: "Lease | Conflict | None" = None


@dataclass(frozen=True)
class Conflict:
    pass


@dataclass(frozen=True)
class Person:
    """A candidate, its clock, and what it waits for; ``gone`` once it died or left."""

    candidate: Candidate
    rate: float
    flight: Flight | None = None
    gone: bool = False

    def leads(self, now: float) -> bool:
        return not self.gone and election.leads(self.candidate, now * self.rate)


@dataclass(frozen=True)
class Universe:
    """Everything, at one moment."""

    people: tuple[Person, ...]
    now: int = 0
    lease: Lease | None = None
    late: tuple[Flight, ...] = ()
    faults_left: int = 0

    # --- what can happen next

    def futures(self) -> Iterator["Universe"]:
        """Every universe that can come next."""
        acting = [i for i in range(len(self.people)) if self._may_act(i)]
        if not acting:
            yield self._a_tick_later()
        for i in acting:
            yield self._act(i, None)
            if self.faults_left:
                yield from self._faults(i)

    def fair_future(self) -> "Universe":
        """What comes next when nothing goes wrong, and the first goes first."""
        for i in range(len(self.people)):
            if self._may_act(i):
                return self._act(i, None)
        return self._a_tick_later()

    def _faults(self, i: int) -> Iterator["Universe"]:
        hurt = replace(self, faults_left=self.faults_left - 1)
        yield hurt._with(i, replace(self.people[i], gone=True, flight=None))
        if self.people[i].flight is None:
            if not self.people[i].candidate.leaving:
                left = replace(self.people[i], candidate=election.leave(self.people[i].candidate))
                yield hurt._with(i, left)
            if isinstance(self._step(i), Look | Write):
                for fate in ON_THE_WAY:
                    yield hurt._act(i, fate)

    # --- a candidate acts

    def _may_act(self, i: int) -> bool:
        person = self.people[i]
        if person.gone:
            return False
        if person.flight is not None:
            end = person.flight.answered_at
            return self.now >= (person.flight.asked_at + _TIMEOUT if end is None else end)
        return not isinstance(self._step(i), Rest)

    def _step(self, i: int) -> election.Step:
        person = self.people[i]
        return election.next_step(person.candidate, self.now * person.rate, NOON)

    def _act(self, i: int, fate: Fate | None) -> "Universe":
        person = self.people[i]
        if person.flight is not None:
            return self._answered(i, person.flight)
        step = self._step(i)
        assert not isinstance(step, Rest)
        if isinstance(step, Leave):
            return self._with(i, replace(person, gone=True))
        flight = _flight(step, self.now, fate)
        world = self
        if flight.served_at == self.now:
            world, answer = self._served(step)
            flight = replace(flight, answer=answer)
        if fate is Fate.TOO_LATE:
            world = replace(world, late=(*world.late, flight))
        if flight.answered_at == self.now:
            return world._answered(i, flight)
        return world._with(i, replace(person, flight=flight))

    def _answered(self, i: int, flight: Flight) -> "Universe":
        person, now = self.people[i], self.now * self.people[i].rate
        asked_at = flight.asked_at * person.rate
        candidate = person.candidate
        if flight.answered_at is None:
            candidate = election.after_silence(candidate, asked_at=asked_at, now=now)
        elif isinstance(flight.answer, Conflict):
            candidate = election.after_conflict(candidate)
        elif isinstance(flight.request, Look):
            candidate = election.after_look(candidate, flight.answer, asked_at=asked_at, now=now)
        elif flight.answer is not None:
            candidate = election.after_write(candidate, flight.answer, asked_at=asked_at, now=now)
        return self._with(i, replace(person, candidate=candidate, flight=None))

    # --- the server

    def _served(self, request: Look | Write) -> tuple["Universe", Lease | Conflict | None]:
        if isinstance(request, Look):
            return self, self.lease
        if request.version != (self.lease.version if self.lease else None):
            return self, Conflict()
        version = str(int(self.lease.version) + 1 if self.lease else 1)
        lease = Lease(record=replace(request.record, transitions=0), version=version)
        return replace(self, lease=lease), lease

    # --- time

    def _a_tick_later(self) -> "Universe":
        world = replace(self, now=self.now + 1)
        for flight in [flight for flight in world.late if flight.served_at == world.now]:
            world, _ = world._served(flight.request)
            world = replace(world, late=tuple(other for other in world.late if other is not flight))
        for i, person in enumerate(world.people):
            if person.flight is not None and person.flight.served_at == world.now and not person.gone:
                world, answer = world._served(person.flight.request)
                world = world._with(i, replace(person, flight=replace(person.flight, answer=answer)))
        return world

    def _with(self, i: int, person: Person) -> "Universe":
        # How often it tried, and reigned, only makes its pauses and terms differ.
        candidate = replace(person.candidate, tries=min(person.candidate.tries, 1), term=min(person.candidate.term, 1))
        people = (*self.people[:i], replace(person, candidate=candidate), *self.people[i + 1 :])
        return replace(self, people=people)

    # --- what must be true

    @property
    def leaders(self) -> int:
        """How many lead at some moment between this tick and the next."""
        return sum(person.leads(self.now) for person in self.people)

    @property
    def wishes_a_leader(self) -> bool:
        """Whether anybody is there who would lead."""
        return any(not person.gone and not person.candidate.leaving for person in self.people)


def _flight(request: Look | Write, now: int, fate: Fate | None) -> Flight:
    served, answered = {
        None: (now, now),
        Fate.LOST: (None, None),
        Fate.UNANSWERED: (now, None),
        Fate.SLOW_ANSWER: (now, now + 1),
        Fate.SLOW_REQUEST: (now + 1, now + 1),
        Fate.TOO_LATE: (None, None),
    }[fate]
    if fate is Fate.TOO_LATE:
        return Flight(request, now, now + _LATE, None)
    return Flight(request, now, served, answered)


def beginning(count: int, *, faults: int, rates: tuple[float, ...] = (), held: bool = False) -> Universe:
    """So many candidates that know nothing, before no lease, or one whose holder is never heard of again."""
    people = tuple(
        Person(Candidate(identity=name, terms=TERMS), rate)
        for name, rate in zip("abc"[:count], rates or (1.0,) * count, strict=True)
    )
    old = Lease(record=LeaseRecord(holder="old", duration=TERMS.lease), version="1")
    return Universe(people, lease=old if held else None, faults_left=faults)


def every_universe(first: Universe, *, ticks: int) -> Iterator[Universe]:
    """Every universe that can come of the first within so many ticks."""
    seen = {first}
    open_ends = [first]
    while open_ends:
        universe = open_ends.pop()
        yield universe
        for future in universe.futures():
            if future.now <= ticks and future not in seen:
                seen.add(future)
                open_ends.append(future)


class Waiting:
    """How long it takes until somebody leads, once nothing goes wrong any more."""

    def __init__(self) -> None:
        self._led_at: dict[Universe, int] = {}

    def ticks(self, universe: Universe) -> int:
        """So many ticks; 0 where somebody leads already, or nobody is left who would."""
        way = []
        here = universe
        while here not in self._led_at and here.leaders == 0 and here.wishes_a_leader:
            way.append(here)
            here = here.fair_future()
            assert here.now < universe.now + _FOREVER, "nobody ever leads"
        led_at = self._led_at.get(here, here.now)
        self._led_at.update(dict.fromkeys(way, led_at))
        return led_at - universe.now
