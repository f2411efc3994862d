"""The page of figures, docs/simulation.md."""

from collections.abc import Iterator
from typing import Final

from tests.benchmarks.machine import Machine
from tests.simulation.era import EPISODES_A_YEAR, YEAR
from tests.simulation.runs import Outcome

TARGET: Final = 1000
_INTRODUCTION: Final = """\
# Years of faults in a minute

Written by `make simulate WRITE=1`, and all of one run: {seconds:.0f} s on {machine}.

The real core, refresher, runner, discovery, publisher, clock, Vault session and store, the rules of the reader, and
the commands `refresh` and `revoke` run on virtual time, against Zoho's law as the simulator has it in four data
centres, a Vault with versions, CAS, policies and logins, and people who consent, revoke, mistype and mend. A sweep or
a discovery that could find nothing is skipped, and everything else happens as often as in life.

Each seed makes two worlds. One has two to eight connections; one replica, or two that elect a leader by a lease or
both work; settings, and a lifetime of tokens (mostly Zoho's hour). It lives through ten episodes, each of one to
three faults, of a second or of twice the floor, the quiet before them and the recovery after them. The other is **an
edge**: it is led straight to where two troubles meet, such as a restart while one of several accounts servers hangs
with 150 to 250 connections, a quota of Vault at a restart, or a grant that is revoked while its refresh is under way.
Chance would take hours to bring them together.

**A connection-year is {a_year} episodes of one connection**: a fault of some kind every {every:.0f} days. The quiet
weeks between are jumped over, for in them one refresh follows another as in the quiet hours that are lived through;
nothing in the product knows the date, which a test shows by moving a world to another year.

Checked at every step:

- No healthy connection falls below its floor because of others; a start may delay it by a minute.
- What is amiss for less than the floor costs no job its token. Once it is over, a connection without a token has
  one as soon as the budget's pace allows, and nobody stays parked whom nothing keeps so.
- All processes together, restarts, leaders and shards, keep the budget of each refresh token in any ten minutes.
  Requests in vain count; those that never left the machine do not.
- No record gives way to an earlier expiry, and no credential to an older one. An issued token is held until it has
  landed. A token whose grant was revoked is published no more.
- A corrected credential is tried, what somebody else wrote is believed, and a revocation is known within a
  discovery interval.
- The waits after failures and throttles are kept. A parked connection was refused twice, and is left alone until
  its probe. Each connection is in exactly one place.

**Not covered:** sockets, TLS, threads, the web server, APScheduler and the memory of the process
(`docs/reliability.md` and the end-to-end tests have them); publish targets, reports of dead tokens and a reload of
the settings; two data centres that ask by one client; an election among more than two. In the worlds of many faults
Vault has no quota and is not restored, and people use neither command: these happen at the edges alone, one at a
time. A process that dies within seconds of a first request in vain has not written it down, and that one request is
allowed beyond the budget.

"""


def page(outcome: Outcome, *, machine: Machine, seconds: float) -> str:
    """The page as Markdown."""
    introduction = _INTRODUCTION.format(
        machine=machine,
        seconds=seconds,
        a_year=EPISODES_A_YEAR,
        every=365 / EPISODES_A_YEAR,
    )
    return introduction + table(outcome) + "\n" + _faults(outcome)


def table(outcome: Outcome) -> str:
    """The figures."""
    rows = (f"| {what} | {figure} |\n" for what, figure in _figures(outcome))
    return "| What | Figure |\n|---|---|\n" + "".join(rows)


def a_minute(outcome: Outcome) -> float:
    """Connection-years in a minute on two cores that do nothing else."""
    return outcome.tally.years * 120 / outcome.processor


def _figures(outcome: Outcome) -> Iterator[tuple[str, str]]:
    tally, years = outcome.tally, outcome.tally.years
    holds = "reached" if a_minute(outcome) >= TARGET else "**missed**"
    yield "Connection-years a minute on two cores, by processor time", f"{a_minute(outcome):,.0f} ({TARGET:,}: {holds})"
    yield "Connection-years in this run", f"{years:,.0f}, in {outcome.worlds:,} worlds, each second one at an edge"
    yield "of them lived through without a jump", f"{tally.seconds / YEAR:,.2f} years"
    yield "Faults that a connection lived through in a year", f"{tally.faults_met / (years or 1):.1f}"
    yield "Faults", f"{tally.faults.total():,}"
    yield "Requests to Zoho, and tokens published", f"{tally.asked:,}, {tally.refreshes:,}"
    yield "Reads by jobs", f"{tally.reads:,}"
    yield "Processes killed", f"{tally.kills:,}"
    yield "Checks of the promise and of the fleet's books", f"{tally.checks:,}"
    yield "Expired tokens excused, for everything was away longer than the floor", f"{tally.excused:,}"
    yield "Rules broken", "none" if outcome.failure is None else f"**{outcome.failure.broken}**"
    yield (
        "Processor time of a request to Zoho with everything around it",
        f"{outcome.processor / max(tally.asked, 1) * 1e6:.0f} µs",
    )


def _faults(outcome: Outcome) -> str:
    rows = (f"| {name} | {times:,} |\n" for name, times in sorted(outcome.tally.faults.items()))
    return "| Fault, or edge | Times |\n|---|---|\n" + "".join(rows)
