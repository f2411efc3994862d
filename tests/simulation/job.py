"""A job that reads a connection's token now and then, by the reader's own rules, and looks at what it was given."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from tests.simulation.era import instant, seconds
from tests.simulation.findings import BrokenRule
from zoho_tokend.reader import decision
from zoho_tokend.reader.decision import GiveUp, Look, Moment, Shelf, Use, Wish
from zoho_tokend.reader.errors import NoSuchConnection, ReaderError, VaultUnreachable
from zoho_tokend.reader.record import Token, token_of

_MIN_LIFE: Final = timedelta(seconds=1)

See = Callable[[str], Mapping[str, object] | None]
"""What stands in Vault under a path; raises VaultUnreachable."""


class Job:
    """Reads one connection; it looks into Vault once a wish, and waits for nothing."""

    def __init__(self, name: str, *, see: See, now: Callable[[], float]) -> None:
        self.name = name
        self._see = see
        self._now = now
        self._shelf = Shelf()

    def read(self) -> Token | None:
        """The token that the job would use; None where it is told that there is none."""
        now = self._now()
        wish = Wish(min_life=_MIN_LIFE, began=now, timeout=None)
        token = decision.at_hand(self._shelf, _MIN_LIFE, instant(now))
        while token is None:
            match decision.decide(self._shelf, wish, Moment(instant(now), now)):
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
