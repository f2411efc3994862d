"""The page of figures, docs/reliability.md."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from tests.benchmarks.machine import Machine
from tests.reliability.account import Account, Reads
from tests.reliability.scenario import Scenario
from tests.reliability.stage import FLOOR, LIFETIME, POLICY

BEGIN: Final = "<!-- faults: written by `make reliability` -->"
END: Final = "<!-- end of faults -->"

_HEAD: Final = (
    "what breaks",
    "for how long (of the floor)",
    "back to normal after (of the floor)",
    "job with the reader: reads without a token",
    "job that asks Vault each time: reads without a token",
    "least life of any token that a job was given (of the lifetime)",
    "tokens issued / asked for",
)


def table(accounts: Mapping[Scenario, Account], *, machine: Machine, load: float) -> str:
    """What came of the scenarios, as Markdown.

    Args:
        load: how many processes wanted to run when they began, in the mean of a minute.
    """
    rows = [_HEAD, ("---",) * len(_HEAD), *(_row(scenario, account) for scenario, account in accounts.items())]
    lines = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"{_introduction(machine, load)}\n\n{lines}"


def renewed(page: str, table: str) -> str:
    """The page with the table in the place of the one before."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    assert after, f"there is no place for the table: {BEGIN} … {END}"
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _introduction(machine: Machine, load: float) -> str:
    return (
        f"All of one run, on {machine}, with a load of {load:.1f} when it began. Tokens lived {_seconds(LIFETIME)} and "
        f"were replaced after {POLICY.refresh_at:.0%} of that, so the floor was {_seconds(FLOOR)}."
    )


def _row(scenario: Scenario, account: Account) -> tuple[str, ...]:
    remarks = [account.remark] if account.remark else []
    if account.lifetime != LIFETIME:
        remarks.append(f"tokens live {_seconds(account.lifetime)}, the floor is {_seconds(account.floor)}")
    return (
        f"{scenario.title} ({'; '.join(remarks)})" if remarks else scenario.title,
        f"{_seconds(account.outage)} ({account.outage / account.floor:.0%})",
        f"{_seconds(account.recovery)} ({account.recovery / account.floor:.0%})",
        _share(account.through_reader),
        _share(account.from_vault),
        f"{_seconds(account.least_life)} ({account.least_life / account.lifetime:.0%})",
        f"{account.issues} / {account.asked}",
    )


def _share(reads: Reads) -> str:
    return f"{reads.failed} of {reads.made}"


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} s"
