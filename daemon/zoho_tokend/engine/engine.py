"""The engine: the fleet and everything that works on it, joined in one place.

The daemon, the tests on virtual time, the simulation and the benchmarks all build it here, so that none of them drifts
from what runs in production. The one-shot refresh builds the same `Refresher` from the same ports.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from zoho_tokend.core.events import Event
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.policy import Policy
from zoho_tokend.core.ports import (
    Leadership,
    Prover,
    ReportStore,
    TargetStore,
    VaultSession,
)
from zoho_tokend.core.sharding import WHOLE, Shard
from zoho_tokend.core.targets import Target
from zoho_tokend.engine.clockwork import Command
from zoho_tokend.engine.discovery import Discovery
from zoho_tokend.engine.refresher import Refresher, RefreshPorts
from zoho_tokend.engine.reports import Reports
from zoho_tokend.engine.runner import BackgroundTask, Inbox, Runner
from zoho_tokend.engine.targets import Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports(RefreshPorts):
    """What the engine needs from outside.

    Attributes:
        leadership: None where no other process could lead.
        reports: where readers report dead tokens; None where nobody acts on them.
        prover: tells a living token from a dead one; needed with ``reports``.
        targets: where second records of tokens go; needed where there are publish targets.
    """

    session: VaultSession
    leadership: Leadership | None = None
    reports: ReportStore | None = None
    prover: Prover | None = None
    targets: TargetStore | None = None


class Engine:
    """The run loop with its fleet and its background tasks.

    Attributes:
        background_tasks: what runs beside the refreshes, each by the command that starts it.
    """

    def __init__(
        self,
        policy: Policy,
        ports: Ports,
        *,
        slots: int,
        inbox: Inbox,
        shard: Shard = WHOLE,
        targets: Sequence[Target] = (),
        reload: Callable[[], None] = lambda: None,
    ) -> None:
        """Join the parts.

        Args:
            slots: how many refreshes may be under way at once.
            targets: the publish targets.
            reload: called at the command RELOAD.
        """
        self.fleet = Fleet(policy, slots=slots, leadership=ports.leadership)
        self._emit_outside = ports.emit
        self._targets: Targets | None = None
        ports = replace(ports, emit=self._emit)
        if targets and ports.targets is not None:
            self._targets = Targets(
                targets, tokens=ports.records, store=ports.targets, clock=ports.clock, emit=ports.emit
            )
        self.refresher = Refresher(self.fleet, ports)
        self.discovery = Discovery(
            fleet=self.fleet,
            credentials=ports.records,
            tokens=ports.records,
            clock=ports.clock,
            emit=ports.emit,
            shard=shard,
        )
        self.background_tasks = self._tasks(ports)
        self.runner = Runner(
            fleet=self.fleet,
            refresher=self.refresher,
            background_tasks=self.background_tasks,
            session=ports.session,
            inbox=inbox,
            reload=reload,
            clock=ports.clock,
            emit=ports.emit,
        )

    def _tasks(self, ports: Ports) -> dict[Command, BackgroundTask]:
        tasks: dict[Command, BackgroundTask] = {Command.DISCOVER: self.discovery.look}
        if ports.reports is not None and ports.prover is not None:
            reports = Reports(
                fleet=self.fleet,
                reports=ports.reports,
                tokens=ports.records,
                prover=ports.prover,
                clock=ports.clock,
                emit=ports.emit,
            )
            tasks[Command.PROCESS_REPORTS] = reports.process
        if self._targets is not None:
            tasks[Command.FOLLOW_TARGETS] = self._targets.follow
        return tasks

    def _emit(self, event: Event) -> None:
        """Pass the event on; the publish targets follow what was refreshed or found."""
        self._emit_outside(event)
        if self._targets is not None:
            self._targets(event)
