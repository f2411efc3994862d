"""The page of sizes, docs/sizing.md."""

from collections.abc import Iterator

from tests.benchmarks.machine import Machine
from tests.benchmarks.page import table
from tests.benchmarks.sizing.findings import Findings
from tests.benchmarks.throughput import Cost
from zoho_tokend.core.policy import ZOHO_LIFETIME, Policy

_INTRODUCTION = """\
# Sizing

Written by `make bench`, and all of one run: on {machine}, with a load of {load:.1f} when it began.
The OpenBao server and the token endpoint ran on the same cores, so that seconds say how the sizes compare, and not what
your servers do.

{targets}
## By size

The daemon is `zoho-tokend run` with its defaults. *Everyday* was watched for {watch:.0f} seconds, in which tokens come
due as in a fleet that has run for hours: {rate} of the connections each minute, and Prometheus scrapes it every 15
seconds. *At rest* nothing is due, and Vault is asked every 30 seconds which connections there are. A *warm* restart
finds every token alive; a *cold* start finds every one expired, and reads each one's budget from Vault's history
besides.

{sizes}
![Memory over the size of the fleet](sizing/memory.svg)
![Lateness over the size of the fleet](sizing/lateness.svg)

## What a refresh costs as the fleet grows

Of each fleet so many connections were due at once, again and again, and the others rested. The bare loop makes the same
three requests by plain hvac and httpx, knows no others, and took turns with the daemon's run loop.

{costs}
![Cost of a refresh over the size of the fleet](sizing/cost.svg)

## What people run instead

One refresh, as the mean over a round: seconds by the clock, and on a processor in the process that does it and its
children. The script reads the credential with `bao kv get`, asks with `curl` and writes with `bao kv put`; the job is a
loop over all connections by plain hvac and httpx, one after the other. Neither keeps a budget, waits out an outage, or
knows that another writer was there. The last column says for how many connections {lead:.0f} minutes suffice.

{instead}"""


def page(findings: Findings, *, machine: Machine, load: float, watch: float) -> str:
    """The page as Markdown; ``watch`` in seconds."""
    lead = Policy().lead(ZOHO_LIFETIME).total_seconds() / 60
    return _INTRODUCTION.format(
        machine=machine,
        load=load,
        targets=table(findings.targets()),
        watch=watch,
        rate=f"a {lead:.0f}th",
        lead=lead,
        sizes="".join(_sizes(findings)),
        costs="".join(_costs(findings)),
        instead="".join(_instead(findings, lead)),
    )


def _sizes(findings: Findings) -> Iterator[str]:
    yield "| Connections | Memory | Of a core at rest | Late: half, 99 %, worst | Refreshes watched | Longest wait for"
    yield " `/livez` | Warm restart | Cold start until all is fresh |\n|--:|--:|--:|--:|--:|--:|--:|--:|\n"
    for size in findings.sizes:
        late = size.lateness
        yield (
            f"| {size.connections:,} | {size.resident_kib / 1024:.0f} MiB | {size.busy:.2%} "
            f"| {late.half:.2f}, {late.most:.2f}, {late.worst:.2f} s | {late.refreshes:,} "
            f"| {1000 * size.longest_answer:.0f} ms | {size.warm_seconds:.1f} s, {size.warm_issues} tokens "
            f"| {size.cold_seconds:.1f} s: {size.connections / size.cold_seconds:.0f} a second |\n"
        )


def _costs(findings: Findings) -> Iterator[str]:
    yield "| Connections | Due at once | Throughput over the bare loop's | Processor time over the bare loop's |\n"
    yield "|--:|--:|--:|--:|\n"
    for size, cost in zip(findings.sizes, findings.costs, strict=True):
        yield f"| {size.connections:,} | {cost.connections} | {cost.ratio:.2f} | {1 / cost.processor_ratio:.2f} |\n"


def _instead(findings: Findings, lead: float) -> Iterator[str]:
    daemon = findings.instead.daemon
    yield "| What | Seconds | On a processor | Over the daemon's | Connections kept |\n|---|--:|--:|--:|--:|\n"
    for what, cost in _contestants(findings):
        yield (
            f"| {what} | {1000 * cost.elapsed:.1f} ms | {1000 * cost.processor:.1f} ms "
            f"| {cost.processor / daemon.processor:.1f} | {60 * lead / cost.elapsed:,.0f} |\n"
        )


def _contestants(findings: Findings) -> Iterator[tuple[str, Cost]]:
    yield "`zoho-tokend`", findings.instead.daemon
    yield "one job that loops over all", findings.instead.job
    yield "a script per connection from cron", findings.instead.script
