"""All moments of a work, one process for each."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Final

# They mostly wait for each other's processes to start.
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of one process.

    Attributes:
        moments: that it lived to see, the one of its death included.
        killed: whether it died, or outlived its work.
    """

    moments: Sequence[str]
    killed: bool


def killed_at_each_moment(trial: Callable[[int], Trial]) -> Sequence[Trial]:
    """The trials of all that were killed: one for every moment of the work, until one that nobody reaches.

    Args:
        trial: runs the work in a process that dies at the so manieth moment, or outlives it (0), and judges what is
            left behind; raises AssertionError.
    """
    outlived = trial(0)
    assert not outlived.killed
    assert outlived.moments, "the work has no moments: is it still called so?"
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        trials = list(threads.map(trial, range(1, len(outlived.moments) + 1)))
    for moment in count(len(outlived.moments) + 1):
        trials.append(trial(moment))
        if not trials[-1].killed:
            break
    deaths = [trial for trial in trials if trial.killed]
    assert len(deaths) > len(outlived.moments) / 2, "most processes outlived their moment of death"
    return deaths
