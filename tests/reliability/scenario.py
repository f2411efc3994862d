"""A scenario, and how it is played to its end."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.reliability.account import Account
from tests.reliability.hall import Hall, SharedVault
from tests.reliability.stage import Delayed, Stage

Act = Callable[[Hall], Stage]

# What a busy machine delays proves nothing, so it is played again: no machine is busy each time for that long.
_PLAYS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that breaks.

    Attributes:
        name: of its test.
        title: what happens, in words.
        loses_record: whether the token's record is gone for a moment after the fault, which a reader takes for a token
            that somebody has withdrawn.
        hides_vault: whether jobs that ask Vault each time cannot be answered meanwhile, whoever wrote the token.
        outlasts_floor: whether the fault lasts longer than the floor, so that the token may end.
        large: whether only `make reliability` plays it.
        long: whether it takes minutes, so that it begins first.
        act: sets the stage, breaks things and mends them; asserts what only this scenario is about.
    """

    name: str
    title: str
    hides_vault: bool = False
    loses_record: bool = False
    outlasts_floor: bool = False
    large: bool = False
    long: bool = False
    act: Act

    def play(self, folder: Path, *, shared: SharedVault, full_size: bool) -> Account:
        """The account of it. To be called in a thread of its own, for it may leave the machine's network for good."""
        delays: list[str] = []
        while len(delays) < _PLAYS:
            own = folder / f"{self.name}-{len(delays)}"
            own.mkdir()
            hall = Hall(folder=own, shared=shared, full_size=full_size)
            with closing(hall.after):
                try:
                    return self._played(hall)
                except Delayed as delay:
                    delays.append(str(delay))
        raise AssertionError(f"each time something took too long: {'; '.join(delays)}")

    def _played(self, hall: Hall) -> Account:
        stage = self.act(hall)
        account = stage.account()
        stage.daemon.hurry()
        if account.outage >= account.floor and not self.outlasts_floor:
            raise Delayed(f"the fault lasted for {account.outage}, and the floor is {account.floor}")
        return account


class Scenarios(list[Scenario]):
    """Those of one module, in order."""

    def scenario(self, title: str, **marks: bool) -> Callable[[Act], Act]:
        """The act is one of them, with these marks of a scenario."""

        def enter(act: Act) -> Act:
            self.append(Scenario(name=act.__name__, title=title, act=act, **marks))
            return act

        return enter
