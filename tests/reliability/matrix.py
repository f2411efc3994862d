"""Many scenarios at once, for they mostly wait."""

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Final

from tests.reliability.account import Account
from tests.reliability.scenario import Scenario

# Each has an OpenBao or three, and a daemon, which start with a second or two of work.
_AT_ONCE: Final = 12


def begun(scenarios: Iterable[Scenario], folder: Path) -> Mapping[str, Future[Account]]:
    """All of them under way, or in line: the account of each by its name, once it is there.

    Each is played in a thread of its own and not in a pool's: what a scenario does to its thread ends with it.
    """
    places = threading.Semaphore(_AT_ONCE)
    accounts: dict[str, Future[Account]] = {}

    def play(scenario: Scenario, account: Future[Account]) -> None:
        with places:
            try:
                own = folder / scenario.name
                own.mkdir()
                account.set_result(scenario.play(own))
            except BaseException as error:  # noqa: BLE001 - it is raised again by whoever asks for the account
                account.set_exception(error)

    for scenario in scenarios:
        account = accounts[scenario.name] = Future()
        threading.Thread(target=play, args=(scenario, account), name=scenario.name, daemon=True).start()
    return accounts
