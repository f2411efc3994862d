"""A place for one daemon process at a time, and whoever starts it again."""

from collections.abc import Callable
from math import inf

from tests.simulation.daemon import Daemon
from tests.simulation.machine import Machine
from tests.simulation.stage import Stage
from tests.simulation.troubles import A_START, RECOVERY

Boot = Callable[[Machine, str, int], Daemon]


class Replica:
    """A place for one daemon process at a time, and whoever starts it again when it has ended.

    Attributes:
        number: which of the replicas it is, from 0.
        clock_stepped_at: when its wall clock was last put forward or back.
    """

    def __init__(
        self, stage: Stage, number: int, *, boot: Boot, changed: Callable[[], None], died: Callable[[Daemon], None]
    ) -> None:
        """Prepare one.

        Args:
            boot: makes a process of this name on this machine, for the replica of this number.
            changed: is told that it may be able now, or able no longer.
            died: is told of each process that is no more.
        """
        self._stage = stage
        self.number = number
        self._boot = boot
        self._changed = changed
        self._died = died
        self._processes = 0
        self._hindrances = 0
        self._recovers_at = 0.0
        self.machine = Machine(stage.loop, rate=1.0 + stage.rng.uniform(-2e-4, 2e-4))
        self.clock_stepped_at = -inf
        self.daemon: Daemon | None = None

    @property
    def hindered(self) -> bool:
        """Whether something stands between it and Zoho or Vault."""
        return self._hindrances > 0

    @property
    def able(self) -> bool:
        """Whether it runs, nothing stands between it and Zoho or Vault, and it had the time to recover."""
        if self.daemon is None or self.daemon.process.dead or self._hindrances:
            return False
        return self.daemon.fleet.term is not None and self._stage.loop.time() >= self._recovers_at

    def start(self) -> None:
        """Another process."""
        self._processes += 1
        name = f"replica {self.number}, process {self._processes}"
        self._stage.note("{} starts", name)
        self.daemon = self._boot(self.machine, name, self.number)
        names = self._stage.plan.of_shard(self.number)
        self._stage.troubles.until("a start", self._stage.loop.time() + 1.0, names, recovery=A_START)
        self._recovers()

    def hinder(self, span: float) -> None:
        """It cannot do its work for so long."""
        self._hindrances += 1
        self._changed()
        self._stage.after(span, self._unhinder)

    def _unhinder(self) -> None:
        self._hindrances -= 1
        self._recovers()

    def _recovers(self) -> None:
        """The only replica needs no time for it here, since every trouble grants that; of two the other one counts."""
        span = RECOVERY if self._stage.plan.replicas > self._stage.plan.shards else 0.0
        self._recovers_at = self._stage.loop.time() + span
        self._changed()
        self._stage.loop.in_the_world(span, self._changed)

    def kill(self, back_after: float = 1.0) -> None:
        """As SIGKILL does; it is started again after so long."""
        daemon = self.daemon
        if daemon is None or daemon.process.dead:
            return
        self._stage.tally.kills += 1
        self._died(daemon)
        self._stage.loop.kill(daemon.process)
        self._changed()
        self._stage.after(back_after, self.start)

    def stop(self) -> None:
        """As SIGTERM does; it is started again when it has ended."""
        if self.daemon is not None and not self.daemon.process.dead:
            self.daemon.stop()

    def ended(self) -> None:
        """Its process came to its end by itself, and is started again."""
        if self.daemon is not None:
            self._died(self.daemon)
        self._changed()
        self._stage.after(self._stage.rng.uniform(1.0, 20.0), self.start)

    def step_clock(self, by: float) -> None:
        """Its wall clock is put forward, or back."""
        self.machine.put(by)
        self.clock_stepped_at = self._stage.loop.time()
        if self.daemon is not None:
            self.daemon.touched = True
