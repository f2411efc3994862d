"""A scenario, and how it is played to its end."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.account import Account
from tests.reliability.hall import Hall
from tests.reliability.stage import Stage

Act = Callable[[Hall], Stage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that breaks.

    Attributes:
        name: of its test.
        title: what happens, in words.
        loses_record: whether the token's record is gone for a moment after the fault, which a reader takes for a token
            that somebody has withdrawn.
        hides_vault: whether jobs that ask Vault each time cannot be answered meanwhile, whoever wrote the token.
        act: sets the stage, breaks things and mends them; asserts what only this scenario is about.
    """

    name: str
    title: str
    hides_vault: bool
    loses_record: bool
    act: Act

    def play(self, folder: Path) -> Account:
        """The account of it. To be called in a thread of its own, for it may leave the machine's network for good."""
        hall = Hall(folder=folder)
        with closing(hall.after):
            stage = self.act(hall)
            account = stage.account()
            stage.daemon.hurry()
        return account


class Scenarios(list[Scenario]):
    """Those of one module, in order."""

    def scenario(self, title: str, *, hides_vault: bool = False, loses_record: bool = False) -> Callable[[Act], Act]:
        """The act is one of them."""

        def enter(act: Act) -> Act:
            self.append(
                Scenario(name=act.__name__, title=title, hides_vault=hides_vault, loses_record=loses_record, act=act)
            )
            return act

        return enter
