"""The demo from curtain to curtain: scene, daemon, table."""

import asyncio
import signal
from collections import Counter
from datetime import timedelta
from typing import Final

from rich.console import Console
from rich.live import Live

from zoho_tokend.app.daemon import Daemon
from zoho_tokend.clock import SystemClock
from zoho_tokend.core.errors import Fatal
from zoho_tokend.core.events import Event, Parked, Refreshed, RefreshFailed
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.demo.scene import CONNECTIONS, Scene, scene
from zoho_tokend.demo.table import screen, table, things_to_try
from zoho_tokend.engine.clockwork import Command

_ENOUGH: Final = 2
_FRAMES_A_SECOND: Final = 4
# OneShotRefresh: two refreshes come within one lifetime; ten are patience enough.
_PATIENCE_IN_LIFETIMES: Final = 10


class _Audience:
    """Counts the refreshes, and reads them out where there is no terminal to draw on."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.refreshed: Counter[ConnectionName] = Counter()
        self.satisfied = asyncio.Event()

    def __call__(self, event: Event) -> None:
        match event:
            case Refreshed(connection=name):
                self.refreshed[name] += 1
                self._say(f"{name}: refreshed, version {event.version}, expires at {event.expires_at:%H:%M:%S}")
            case RefreshFailed(connection=name, error=error) | Parked(connection=name, error=error):
                self._say(f"{name}: {error}")
            case _:
                return
        if all(self.refreshed[name] >= _ENOUGH for name in CONNECTIONS):
            self.satisfied.set()

    def _say(self, sentence: str) -> None:
        if not self._console.is_terminal:
            self._console.print(sentence, highlight=False)


async def show(*, lifetime: timedelta, once: bool) -> None:
    """Play until interrupted; or, ``once``, until every connection was refreshed twice.

    Raises:
        NoServer: OpenBao is not installed here.
        Fatal: once, and they were not refreshed in time.
    """
    _stop_in_order()
    console = Console()
    console.print("Starting an OpenBao server, a Zoho on loopback and the daemon …", style="dim")
    async with scene(lifetime) as stage, asyncio.TaskGroup() as group:
        audience = _Audience(console)
        daemon = Daemon(stage.settings, reread=lambda: stage.settings, sinks=[audience])
        running = group.create_task(daemon.run())
        drawing = group.create_task(_draw(console, daemon, stage, audience))
        try:
            if once:
                await _until_satisfied(audience, lifetime * _PATIENCE_IN_LIFETIMES)
            else:
                await running
        finally:
            daemon.tell(Command.STOP)
            drawing.cancel()
    if once:
        console.print(f"Every connection was refreshed {_ENOUGH} times.")


def _stop_in_order() -> None:
    """SIGTERM ends the demo as Ctrl-C does: nothing that it started is left behind."""
    demo = asyncio.current_task()
    if demo is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, demo.cancel)


async def _until_satisfied(audience: _Audience, patience: timedelta) -> None:
    try:
        async with asyncio.timeout(patience.total_seconds()):
            await audience.satisfied.wait()
    except TimeoutError:
        raise Fatal(f"the connections were not all refreshed {_ENOUGH} times in {patience}") from None


async def _draw(console: Console, daemon: Daemon, stage: Scene, audience: _Audience) -> None:
    if not console.is_terminal:
        return
    clock, panel = SystemClock(), things_to_try(_commands(daemon, stage), secret=_note())
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            rows = table(
                tuple(daemon.connections()),
                now=clock.now(),
                lifetime=stage.lifetime,
                refreshes=audience.refreshed.total(),
            )
            live.update(screen(rows, panel), refresh=True)
            await asyncio.sleep(1 / _FRAMES_A_SECOND)


def _commands(daemon: Daemon, stage: Scene) -> list[str]:
    name = next(iter(CONNECTIONS))
    return [
        f"export VAULT_ADDR={stage.vault_address} VAULT_TOKEN={stage.reader_token.reveal()}",
        "export PATH=$PWD/.venv/bin:$PATH",
        f"bao kv get secret/zoho/tokens/{name}",
        f"bao kv get secret/zoho/credentials/{name}    # refused: a reader sees no refresh token",
        f"zoho-tokend token {name} --header",
        f"curl -s {daemon.address}/metrics | grep ^zoho_tokend_",
        f"curl -s {daemon.address}/readyz?verbose",
        f"xdg-open {daemon.address}/    # the status page",
    ]


def _note() -> str:
    return "The Vault token above may read token records only, and ends with this demo."
