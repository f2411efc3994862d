"""What one scenario came to, in numbers that do not depend on the lifetime that it was played with."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Of a job: how many it made, how many of them brought no token, and why not."""

    made: int
    failed: int
    why: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Of one fault.

    Attributes:
        lifetime: of the tokens.
        floor: the least life that the daemon promised, by its own reckoning.
        outage: how long the fault lasted.
        recovery: from its end until the daemon was ready and the token of its connection fresh.
        from_vault: the reads of a job that asks Vault each time.
        through_reader: the reads of a job that asks the reader.
        least_life: of all tokens that any job was given, in Zoho's eyes.
        issues: how many tokens were issued from the start to the end.
        asked: how many times Zoho was asked for one.
        remark: what only this scenario can tell.
    """

    lifetime: timedelta
    floor: timedelta
    outage: timedelta
    recovery: timedelta
    from_vault: Reads
    through_reader: Reads
    least_life: timedelta
    issues: int
    asked: int
    remark: str = ""

    @property
    def kept(self) -> bool:
        """Whether a job that uses the reader had a living token all the time, and no job was given a dead one."""
        return not self.through_reader.failed and self.least_life > timedelta()
