"""What Prometheus would have scraped of daemons on virtual time, and which of our alerts promtool finds in it."""

import asyncio
import json
import re
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
from pathlib import Path
from typing import Final

from deploy.monitoring.prometheus_rule import RULES
from tests.support.samples.builders import NOON, SECOND
from tests.support.servers.promtool import promtool
from tests.support.stand_ins.world import World, a_world
from zoho_tokend.core.events import VaultAnswered, VaultOperation, VaultOutcome, VaultSessionChanged
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import Policy
from zoho_tokend.telemetry.connection_series import PerConnection
from zoho_tokend.telemetry.metrics import Metrics

SCRAPE_INTERVAL: Final = timedelta(seconds=30)
_INSTANT: Final = "_timestamp_seconds"
_ASKED_FOR: Final = frozenset(re.findall(r"zoho_tokend_\w+", RULES.read_text()))
_GOT: Final = re.compile(r'\{alertname="(\w+)"(?:, connection="([^"]*)")?\}')

# The fewer sweeps, the sooner hours are over; the floor is 14 s less for it.
LEISURELY: Final = Policy(sweep_interval=15 * SECOND)
MANY: Final = [ConnectionName(f"crm-{number}") for number in range(5)]

Series = str


@dataclass
class Replica:
    """One process of the daemon, as its ``/metrics`` tells it.

    A fake Vault tells nothing of its requests, nor a fake session of its login: that is made up for here.
    """

    world: World
    instance: str = "a"
    leading: bool = True
    per_connection: PerConnection = PerConnection.AUTO
    _heard: int = 0
    _requests: int = 0

    def __post_init__(self) -> None:
        self.metrics = Metrics(
            version="1.2.3", data_centers=("eu",), login_methods=("token",), per_connection=self.per_connection
        )
        self.metrics.promise(self.world.fleet.policy.floor)
        self.metrics(VaultSessionChanged(expires_at=None, alive=True))

    def samples(self) -> Iterator[tuple[Series, float]]:
        """All that a scrape finds now and a rule asks for; instants are counted from the noon on which time began."""
        self._catch_up()
        rows = tuple(self.world.fleet.facts(self.world.clock.now()))
        for family in self.metrics.scrape(rows).collect():
            for name, labels, value, *_ in family.samples:
                if name in _ASKED_FOR:
                    known = labels | {"job": "zoho-tokend", "namespace": "crm", "instance": self.instance}
                    inside = ",".join(f'{label}="{text}"' for label, text in known.items())
                    instant = name.endswith(_INSTANT) and value not in {0, inf}
                    yield f"{name}{{{inside}}}", value - NOON.timestamp() if instant else float(value)

    def _catch_up(self) -> None:
        self.metrics.lead(leading=self.leading)
        for event in self.world.events[self._heard :]:
            self.metrics(event)
        self._heard = len(self.world.events)
        outcome = VaultOutcome.UNAVAILABLE if self.world.vault._down else VaultOutcome.OK
        for _ in self.world.vault.requests[self._requests :]:
            self.metrics(VaultAnswered(operation=VaultOperation.READ, outcome=outcome, took=timedelta()))
        self._requests = len(self.world.vault.requests)


@asynccontextmanager
async def a_daemon(before: World | None = None, *, instance: str = "a") -> AsyncIterator[Replica]:
    """A daemon beside the Vault of the one before it."""
    async with a_world(policy=LEISURELY) as world:
        if before is not None:
            world.vault._records = before.vault._records
            world.zoho._scripts = before.zoho._scripts
        yield Replica(world, instance)


@dataclass
class History:
    """Every sample, by series and by scrape."""

    _samples: dict[Series, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    _scrapes: int = 0

    async def passes(self, time: timedelta, *replicas: Replica) -> None:
        """So much time passes, while these replicas and no others are scraped."""
        for _ in range(round(time / SCRAPE_INTERVAL)):
            await asyncio.sleep(SCRAPE_INTERVAL.total_seconds())
            self._scrapes += 1
            for replica in replicas:
                for series, value in replica.samples():
                    self._samples[series][self._scrapes] = value

    def fired(self) -> set[tuple[str, str]]:
        """Every alert that ever fired, with its connection where it has one."""
        span = f"{(self._scrapes + 1) * SCRAPE_INTERVAL.seconds}s"
        return self._asked(f'present_over_time(ALERTS{{alertstate="firing"}}[{span}])')

    def firing(self) -> set[tuple[str, str]]:
        """Every alert that fires at the end."""
        return self._asked('ALERTS{alertstate="firing"}')

    def fired_without_a_break_for(self, time: timedelta) -> set[tuple[str, str]]:
        """Every alert that has fired at each evaluation of so much time before the end."""
        evaluations = round(time / SCRAPE_INTERVAL)
        asked = f'count_over_time(ALERTS{{alertstate="firing"}}[{round(time.total_seconds())}s])'
        return self._asked(f"{asked} >= {evaluations}")

    def _asked(self, query: str) -> set[tuple[str, str]]:
        whole = f"group by (alertname, connection) ({query})"
        end = f"{self._scrapes * SCRAPE_INTERVAL.seconds}s"
        test = {
            "interval": f"{SCRAPE_INTERVAL.seconds}s",
            "input_series": [{"series": series, "values": self._values(series)} for series in self._samples],
            "promql_expr_test": [{"expr": whole, "eval_time": end, "exp_samples": []}],
        }
        file = {"rule_files": [str(RULES)], "evaluation_interval": f"{SCRAPE_INTERVAL.seconds}s", "tests": [test]}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "history.yaml")
            path.write_text(json.dumps(file))
            code, said = promtool("test", "rules", path)
        found = set(_GOT.findall(said.partition("got:")[2]))
        assert code == 0 or found, said
        return found

    def _values(self, series: Series) -> str:
        known, values = self._samples[series], []
        for scrape in range(self._scrapes + 1):
            vanished = scrape - 1 in known and scrape not in known
            values.append(_written(known[scrape]) if scrape in known else "stale" if vanished else "_")
        return " ".join(values)


def _written(value: float) -> str:
    return "+Inf" if value == inf else repr(value)
