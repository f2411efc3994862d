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

The real core, refresher, runner, discovery, publisher, clock, Vault session and store, and the rules of the reader run
on virtual time, against Zoho's law as the simulator has it, a Vault with versions, CAS, policies and logins, and people
who consent, revoke, mistype and mend. Sockets, threads, the web server and APScheduler are left out; a sweep or a
discovery that could find nothing is skipped, and everything else happens as often as in life.

A world is made from a seed: two to eight connections; one replica, or two that elect a leader by a lease or both work;
settings, and a lifetime of tokens (mostly Zoho's hour). It lives through {episodes} episodes, each of one to three
faults, of a second or of twice the floor, the quiet before them and the recovery after them.

**A connection-year is {a_year} episodes of one connection**: a fault of some kind every {every:.0f} days. The quiet
weeks between are jumped over, for in them one refresh follows another as in the quiet hours that are lived through;
nothing in the product knows the date, which a test shows by moving a world to another year.

Checked at every step: what a reader would find, against the floor and against what was amiss; the budget of each
refresh token in any ten minutes; that no record gives way to an earlier expiry, and no credential to an older one;
that an issued token is held until it has landed; the waits after failures and throttles; that a parked connection is
left alone, and awake once it is mended; that each connection is in exactly one place.

"""


def page(outcome: Outcome, *, machine: Machine, seconds: float) -> str:
    """The page as Markdown."""
    introduction = _INTRODUCTION.format(
        machine=machine,
        seconds=seconds,
        episodes=outcome.tally.episodes // outcome.worlds,
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
    yield "Connection-years in this run", f"{years:,.0f}, in {outcome.worlds:,} worlds"
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
    return "| Fault | Times |\n|---|---|\n" + "".join(rows)
