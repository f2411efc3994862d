"""What a world stands on: its plan and its dice, its time, and the books that are kept of it."""

from collections.abc import Callable
from random import Random

from tests.simulation.findings import BrokenRule, Journal, Tally
from tests.simulation.plan import Plan
from tests.simulation.troubles import Troubles
from tests.simulation.virtual_loop import VirtualLoop


class Stage:
    """Time passes on it, and things happen in time.

    Attributes:
        rng: of what is no fault: latencies, the jobs' habits.
        pending: how many faults have not run their course.
    """

    def __init__(self, plan: Plan, loop: VirtualLoop) -> None:
        self.plan = plan
        self.rng = Random(f"{plan.seed}/world")
        self.loop = loop
        self.journal = Journal(loop.time)
        self.tally = Tally()
        self.troubles = Troubles(plan.names, loop.time)
        self.pending = 0

    def after(self, delay: float, happens: Callable[..., object], *args: object) -> None:
        """It happens then; the episode goes on until it has."""
        self.pending += 1

        def happen() -> None:
            self.pending -= 1
            self.guarded(happens, *args)

        self.loop.in_the_world(delay, happen)

    def note(self, text: str, *about: object) -> None:
        """For the journal."""
        self.journal.note(text, *about)

    def guarded(self, happens: Callable[..., object], *args: object) -> None:
        """It happens; where that breaks a rule, the run is over, whoever would have caught it."""
        try:
            happens(*args)
        except BrokenRule as broken:
            self.loop.broken = self.loop.broken or broken
