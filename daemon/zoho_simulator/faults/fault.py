"""One thing that goes wrong with one answer."""

from collections.abc import Callable
from dataclasses import dataclass

from zoho_simulator.rules.messages import Answer

Alteration = Callable[[Answer], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to one request in place of, or after, what the law says.

    Attributes:
        stand_in: sent in place of the law's answer; the law is then not asked, so nothing is issued or counted.
        alterations: done to the answer, in order.
        rotates: whether a refresh brings a new refresh token, and kills the old one.
    """

    name: str
    stand_in: Answer | None = None
    alterations: tuple[Alteration, ...] = ()
    rotates: bool = False

    def alter(self, answer: Answer) -> Answer:
        """The answer after all alterations."""
        for alteration in self.alterations:
            answer = alteration(answer)
        return answer


def both(first: Fault, second: Fault, *more: Fault) -> Fault:
    """All of them at once; the first stand-in wins, and every alteration is done to it."""
    faults = (first, second, *more)
    return Fault(
        name="+".join(fault.name for fault in faults),
        stand_in=next((fault.stand_in for fault in faults if fault.stand_in is not None), None),
        alterations=tuple(alteration for fault in faults for alteration in fault.alterations),
        rotates=any(fault.rotates for fault in faults),
    )
