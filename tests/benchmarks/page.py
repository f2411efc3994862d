"""The page of figures, docs/benchmarks.md."""

from collections.abc import Sequence

from tests.benchmarks.figure import Figure
from tests.benchmarks.machine import Machine

_INTRODUCTION = """\
# Benchmarks

Written by `make bench`; every figure is of one run, on {machine}. The load of the machine when it began was {load:.1f}.

A refresh is compared with a bare loop that makes the same three requests by plain hvac and httpx and does nothing else,
in the same process, with the same concurrency, against the same OpenBao server and the same token endpoint on loopback,
each in a process of its own. The two take turns; a ratio is the median of the pairs, and what both share (the machine,
the servers, other load) cancels out. Ours is the real run loop, with its log at info and its metrics.

| What | Measured | Target | Holds |
|---|---|---|---|
"""
_VERDICTS = {True: "yes", False: "**no**", None: ""}


def page(figures: Sequence[Figure], *, machine: Machine, load: float) -> str:
    """The page as Markdown.

    Args:
        load: how many processes wanted to run when the measuring began, in the mean of a minute.
    """
    rows = (f"| {each.what} | {each.measured} | {each.target} | {_VERDICTS[each.holds]} |\n" for each in figures)
    return _INTRODUCTION.format(machine=machine, load=load) + "".join(rows)
