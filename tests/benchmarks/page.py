"""The page of figures, docs/benchmarks.md."""

from collections.abc import Iterable, Sequence

from tests.benchmarks.figure import Figure
from tests.benchmarks.machine import Machine

_INTRODUCTION = """\
# Benchmarks

Written by `make bench`, and all of one run: on {machine}, with a load of {load:.1f} when it began.

A refresh is compared with a bare loop that makes the same three requests by plain hvac and httpx and does nothing else:
in the same process, with the same concurrency, against the same OpenBao server and token endpoint on loopback, which
are processes of their own. Ours is the real run loop, with its log at info and its metrics. The two take turns, and a
ratio is the median of the pairs. What others do on the machine meanwhile widens its spread; processor time tells the
same with less of it. A connection's first refresh after a start is not among them: it asks Vault once more, for the
budget that was spent before.

"""
_HEAD = """\
| What | Measured | Target | Holds |
|---|---|---|---|
"""
_VERDICTS = {True: "yes", False: "**no**", None: ""}


def page(figures: Sequence[Figure], *, machine: Machine, load: float) -> str:
    """The page as Markdown.

    Args:
        load: how many processes wanted to run when the measuring began, in the mean of a minute.
    """
    return _INTRODUCTION.format(machine=machine, load=load) + table(figures)


def table(figures: Iterable[Figure]) -> str:
    """The figures, a row each."""
    rows = (f"| {each.what} | {each.measured} | {each.target} | {_VERDICTS[each.holds]} |\n" for each in figures)
    return _HEAD + "".join(rows)
