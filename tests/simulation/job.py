"""Jobs that read tokens now and then, by the reader's own rules, and look at what they were given."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from tests.simulation.era import instant, seconds
from tests.simulation.findings import BrokenRule
from tests.simulation.promise import Promise
from tests.simulation.stage import Stage
from zoho_tokend.reader import decision
from zoho_tokend.reader.decision import GiveUp, Look, Moment, ReadRequest, Shelf, Use
from zoho_tokend.reader.errors import NoSuchConnection, ReaderError, VaultUnreachable
from zoho_tokend.reader.record import Token, token_of

_MIN_LIFE: Final = timedelta(seconds=1)

See = Callable[[str], Mapping[str, object] | None]
"""What stands in Vault under a path; raises VaultUnreachable."""


class Job:
    """Reads one connection; it looks into Vault once a request, and waits for nothing."""

    def __init__(self, name: str, *, see: See, now: Callable[[], float]) -> None:
        self.name = name
        self._see = see
        self._now = now
        self._shelf = Shelf()

    def read(self) -> Token | None:
        """The token that the job would use; None where it is told that there is none."""
        now = self._now()
        request = ReadRequest(min_life=_MIN_LIFE, began=now, timeout=None)
        token = decision.at_hand(self._shelf, _MIN_LIFE, instant(now))
        while token is None:
            match decision.decide(self._shelf, request, Moment(instant(now), now)):
                case Use(token):
                    pass
                case Look():
                    self._shelf = decision.after_looking(self._shelf, self._look(), now)
                case GiveUp():
                    return None
                case step:
                    raise BrokenRule(f"a job that waits for nothing is told to {step}")
        return token

    def life_left(self, token: Token) -> float:
        """What the token has left to live, in seconds."""
        return seconds(token.expires_at) - self._now()

    def _look(self) -> Token | ReaderError:
        where = f"tokens/{self.name}"
        try:
            fields = self._see(where)
            if fields is None:
                return NoSuchConnection(f"there is no record at {where}")
            return token_of(fields, connection=self.name, where=where)
        except VaultUnreachable as error:
            return error


class Jobs:
    """One for each connection, a read or two in the lifetime of a token."""

    def __init__(self, stage: Stage, *, see: See, promise: Promise) -> None:
        self._stage = stage
        self._promise = promise
        self._jobs = [Job(name, see=see, now=stage.loop.time) for name in stage.plan.names]

    def start(self) -> None:
        """From now on they read."""
        for job in self._jobs:
            self._read_later(job)

    def _read_later(self, job: Job) -> None:
        delay = self._stage.rng.uniform(0.1, 0.9) * self._stage.plan.lifetime
        self._stage.loop.in_the_world(delay, self._stage.guarded, self._read, job)

    def _read(self, job: Job) -> None:
        self._stage.tally.reads += 1
        token = job.read()
        if token is None:
            self._promise.check(job.name)
        elif job.life_left(token) <= 0:
            raise BrokenRule(f"a job was given a token of {job.name} that has expired")
        self._read_later(job)
