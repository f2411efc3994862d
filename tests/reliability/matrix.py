"""Many scenarios at once, for they mostly wait."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from tests.reliability.account import Account
from tests.reliability.hall import SharedVault
from tests.reliability.scenario import Scenario

# Each has a daemon, and some an OpenBao or three, which start with a second or two of work.
_AT_ONCE: Final = 16


@contextmanager
def played(scenarios: Iterable[Scenario], folder: Path, *, full_size: bool) -> Iterator[Mapping[str, Future[Account]]]:
    """All of them under way, or in line: the account of each by its name, once it is there. None outlives the block.

    Each is played in a thread of its own and not in a pool's: what a scenario does to its thread ends with it.
    """
    places = threading.Semaphore(_AT_ONCE)
    accounts: dict[str, Future[Account]] = {}

    with closing(SharedVault(folder / "vault")) as shared:

        def play(scenario: Scenario, account: Future[Account]) -> None:
            with places:
                try:
                    account.set_result(scenario.play(folder, shared=shared, full_size=full_size))
                except BaseException as error:  # noqa: BLE001 - it is raised again by whoever asks for the account
                    account.set_exception(error)

        for scenario in sorted(scenarios, key=lambda each: not each.long):
            account = accounts[scenario.name] = Future()
            threading.Thread(target=play, args=(scenario, account), name=scenario.name, daemon=True).start()
        try:
            yield accounts
        finally:
            wait(accounts.values())
