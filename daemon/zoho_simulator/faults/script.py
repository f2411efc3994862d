"""Faults in order: what happens to the first request, to the next two, and to all that follow."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

from zoho_simulator.faults.catalogue import BY_NAME
from zoho_simulator.faults.fault import Fault, both

FOREVER: Final = "always"


@dataclass(frozen=True, slots=True)
class Step:
    """A fault that happens to so many requests; None is for ever."""

    fault: Fault
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class Script:
    """Steps, one after the other; when all are played, Zoho is well again."""

    steps: tuple[Step, ...]

    def faults(self) -> Iterator[Fault]:
        """One fault for each request."""
        return chain.from_iterable(
            repeat(step.fault) if step.times is None else repeat(step.fault, step.times) for step in self.steps
        )


def then(*parts: Fault | Script) -> Script:
    """One after the other; a bare fault happens once."""
    return Script(tuple(step for part in parts for step in _steps(part)))


def times(count: int, part: Fault | Script) -> Script:
    """So many times over."""
    if isinstance(part, Fault):
        return Script((Step(part, count),))
    return Script(part.steps * count)


def always(fault: Fault) -> Script:
    """For ever: until the script is taken off."""
    return Script((Step(fault, None),))


def read_script(steps: Sequence[Mapping[str, object]]) -> Script:
    """The script that JSON says.

    ``[{"fault": "html_502", "times": 2}, {"fault": "throttled", "retry_after": 30}, {"fault": "drop"}]``

    Names and arguments are those of ``catalogue``; ``{"both": [{…}, {…}]}`` has several at once; without ``times`` a
    step happens once.

    Raises:
        ValueError: what is wrong, in one sentence.
    """
    return Script(tuple(Step(_fault(step), _count(step.get("times", 1))) for step in steps))


def _steps(part: Fault | Script) -> tuple[Step, ...]:
    return (Step(part),) if isinstance(part, Fault) else part.steps


def _count(count: object) -> int | None:
    if count == FOREVER:
        return None
    if isinstance(count, int) and count > 0:
        return count
    raise ValueError(f"times is a whole number from 1 on, or {FOREVER!r}")


def _fault(step: Mapping[str, object]) -> Fault:
    if "both" in step:
        return _several(step["both"])
    name = step.get("fault")
    factory = BY_NAME.get(name) if isinstance(name, str) else None
    if factory is None:
        raise ValueError(f"a step names its fault, one of {', '.join(BY_NAME)}")
    arguments = {key: value for key, value in step.items() if key not in {"fault", "times"}}
    try:
        return factory(**arguments)
    except TypeError as wrong:
        raise ValueError(f"the fault {name} does not take these arguments: {wrong}") from None


def _several(parts: object) -> Fault:
    match parts:
        case [dict() as first, dict() as second]:
            return both(_fault(first), _fault(second))
        case [dict() as first, *rest] if len(rest) > 1:
            return both(_fault(first), _several(rest))
        case _:
            raise ValueError("both holds a list of two faults or more")
