"""The page of figures, docs/reliability.md: the table, and what it does not cover."""

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

_NOT_COVERED: Final = """\
What this table does not cover:

- Zoho itself. The simulator has the limits that Zoho publishes, and gives answers that Zoho has been seen to give.
- HashiCorp Vault. The server is OpenBao, and everything runs on one machine: no packet is slow, or out of order.
- Kubernetes. One process does all the work here. `tests/e2e/test_a_standby.py` and `tests/component/test_standby.py`
  test how a standby takes the lead, against an API server of our own.
- Two faults at the same time, except for a restart beside a server that hangs, and one within a quota. The
  [simulation on virtual time](simulation.md) combines up to three.
- A throttle by Zoho that lasts its whole ten minutes: these tokens do not live that long. The simulation has it.
- More than two refusals of a good refresh token. The waits after the second one grow to minutes, which these tokens do
  not live either. The simulation has them.
- An outage of Vault or of the daemon that is longer than the floor. Tokens then end, and no row shows how soon they are
  replaced.
- A daemon that is *started* while its clock is late. It stamps tokens with that clock, and jobs whose clock is right
  take them for expired. A clock that is put back while the daemon runs does no harm. `clock_skew_seconds` and
  `zoho-tokend doctor` show the difference.
- A job that reads when a removed namespace or mount is back and the record is not. The reader takes the token for one
  that somebody has withdrawn, and returns none until the daemon has written the record anew. This is the one fault that
  the tests let pass when a job notices it.
"""


def table(accounts: Mapping[Scenario, Account], *, machine: Machine, load: float) -> str:
    """What came of the scenarios, as Markdown.

    Args:
        load: how many processes wanted to run when they began, in the mean of a minute.
    """
    rows = [_HEAD, ("---",) * len(_HEAD), *(_row(scenario, account) for scenario, account in accounts.items())]
    lines = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"{_introduction(machine, load)}\n\n{lines}\n\n{_NOT_COVERED}"


def renewed(page: str, table: str) -> str:
    """The page with the table in the place of the one before."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    assert after, f"there is no place for the table: {BEGIN} … {END}"
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _introduction(machine: Machine, load: float) -> str:
    return (
        f"All figures are of one run, on {machine}, with a load of {load:.1f} when it began. Where a row says nothing "
        f"else, tokens lived {_seconds(LIFETIME)} and were replaced after {POLICY.refresh_at:.0%} of that, so that the "
        f"floor was {_seconds(FLOOR)}."
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
