"""Vault answers, and does not let the daemon do its work, or limits how fast."""

import asyncio
import os
import select
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import chain

from tests.benchmarks.filling import ask_all
from tests.reliability.hall import Hall
from tests.reliability.scenario import Scenarios
from tests.reliability.stage import CONNECTION, Delayed, Stage
from tests.support.clocks.wall_clock import WallClock
from tests.support.places.site import Site
from tests.support.samples.builders import HOUR, MINUTE, a_record
from tests.support.servers.openbao import make_ready
from tests.support.servers.quota import rate_limited
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import Policy
from zoho_tokend.vault import codec
from zoho_tokend.vault.request import Request

SCENARIOS = Scenarios()

_NAMESPACE = "team"

QUOTA, FLEET, LARGE_FLEET = 100, 2_000, 4_000
# A quarter of the fleet and of the quota: the quota alone takes as long, and so does the daemon.
SMALLER = 4
# One connection in so many is due at the restart, with so little life left.
DUE_EACH, DUE_LIFE = 20, 4 * MINUTE
# A name that is not known yet takes a read of its credential and one of its token; a first refresh takes a read of
# the credential, one of the budget that was spent, and a write.
REQUESTS_TO_DISCOVER, REQUESTS_TO_REFRESH = 2, 3
LONGEST_SHARE = 1.5


@SCENARIOS.scenario("The daemon's policy is narrowed: it may not write, and may again later")
def policy_narrowed(hall: Hall) -> Stage:
    stage = hall.stage(hall.site())
    corner = stage.site.corner
    with stage.fault():
        corner.forbid(f"tokens/{CONNECTION}")
        stage.sit_it_out()
        assert stage.daemon.lines("record.unsaved", connection=CONNECTION)
        corner.allow(f"tokens/{CONNECTION}")
    return stage


@SCENARIOS.scenario(
    "The namespace is removed with all that it holds, and set up anew later", hides_vault=True, loses_record=True
)
def namespace_removed(hall: Hall) -> Stage:
    vault = hall.vault()
    vault.ask("POST", f"sys/namespaces/{_NAMESPACE}", {})
    site = hall.site(vault, namespace=_NAMESPACE)
    corner = site.corner
    login = hall.folder / "vault-token"
    login.write_text(corner.admin.token(corner.policy).reveal())
    refresh_token = site.connect(CONNECTION)
    credential = corner.fields(f"credentials/{CONNECTION}")
    stage = hall.stage(
        site,
        refresh_token=refresh_token,
        VAULT_NAMESPACE=_NAMESPACE,
        VAULT_AUTH="token-file",
        VAULT_TOKEN_FILE=str(login),
    )
    with stage.fault():
        vault.ask("DELETE", f"sys/namespaces/{_NAMESPACE}")
        stage.sit_it_out()
        vault.ask("POST", f"sys/namespaces/{_NAMESPACE}", {})
        make_ready(corner)
        corner.put(f"credentials/{CONNECTION}", **credential)
        login.write_text(corner.admin.token(corner.policy).reveal())
        stage.jobs.log_in()
    return stage


@SCENARIOS.scenario(
    "OpenBao's audit device is blocked, so that it answers nobody, and flows again later", hides_vault=True
)
def audit_blocked(hall: Hall) -> Stage:
    pipe = hall.folder / "audit"
    os.mkfifo(pipe)
    reader = AuditReader(os.open(pipe, os.O_RDWR))
    hall.after.callback(reader.close)
    stage = hall.stage(hall.site(hall.vault(audit=pipe)))
    with stage.fault():
        reader.pause()
        stage.sit_it_out()
        reader.go_on()
    return stage


@SCENARIOS.scenario(
    f"The daemon is restarted where a quota of OpenBao allows {QUOTA} requests a second, with {FLEET:,} connections; "
    f"1 token in {DUE_EACH} has {DUE_LIFE // MINUTE} minutes left",
    hides_vault=True,
    long=True,
)
def restart_within_a_quota(hall: Hall) -> Stage:
    return restarted_within_a_quota(hall, FLEET)


@SCENARIOS.scenario(f"The same with {LARGE_FLEET:,} connections", hides_vault=True, large=True, long=True)
def large_restart_within_a_quota(hall: Hall) -> Stage:
    return restarted_within_a_quota(hall, LARGE_FLEET)


def restarted_within_a_quota(hall: Hall, connections: int) -> Stage:
    """The daemon knows all of them within half again the time that the quota dictates, and none loses its token."""
    size, quota = (connections, QUOTA) if hall.full_size else (connections // SMALLER, QUOTA // SMALLER)
    site = hall.site(hall.vault(), lifetime=HOUR)
    fleet = [ConnectionName(f"fleet-{number:04}") for number in range(size)]
    due = fleet[::DUE_EACH]
    young = {name: number * 20 * MINUTE / size for number, name in enumerate(fleet)}
    write(site, chain(credentials(site, fleet), tokens(site, young, version=0)))
    # As in production: a name that is left to the next look costs the row its claim.
    stage = hall.stage(site, policy=Policy(), DISCOVERY_INTERVAL="30s")
    stage.until(lambda: all_known(stage, size), "the fleet is known")
    with stage.fault(at_worst_moment=False):
        stage.daemon.kill()
        write(site, tokens(site, dict.fromkeys(due, HOUR - DUE_LIFE), version=1))
        with rate_limited(site.corner.admin, requests=quota, path=f"{site.corner.mount}/"):
            stage.daemon = stage.start_daemon()
            assert stage.daemon.address
            begun = time.monotonic()
            stage.until(lambda: all_known(stage, size), "the fleet is known again")
            took = time.monotonic() - begun
    dictated = (REQUESTS_TO_DISCOVER * size + REQUESTS_TO_REFRESH * len(due)) / quota
    if took > LONGEST_SHARE * dictated:
        raise Delayed(f"all were known after {took:.0f} s, and the quota alone takes {dictated:.0f} s")
    stage.until(lambda: all(site.versions(name) > 2 for name in due), "those that were due have a new token")
    least = min(site.least_life(name) for name in due)
    assert least > timedelta(), least
    stage.remark = f"all were known after {took:.0f} s, and the quota alone takes {dictated:.0f} s; no token ended"
    return stage


def write(site: Site, requests: Iterator[Request]) -> None:
    """Carry out all of them, many at once."""
    asyncio.run(ask_all(site.corner.admin.server, requests))


def credentials(site: Site, fleet: Sequence[ConnectionName]) -> Iterator[Request]:
    client = site.client()
    for name in fleet:
        fields = site.fields(client, refresh_token=site.zoho.consent(client, f"{name}@example.com"))
        yield site.corner.layout.credential(name).write(fields, after_version=0)


def tokens(site: Site, ages: Mapping[ConnectionName, timedelta], *, version: int) -> Iterator[Request]:
    """Those that an earlier process published that long ago, in the place of this version."""
    for name, age in ages.items():
        record = a_record(name, issued_at=WallClock().now() - age, lifetime=HOUR)
        yield site.corner.layout.token(name).write(codec.token_fields(record), after_version=version)


def all_known(stage: Stage, fleet: int) -> bool:
    """Whether the daemon knows the fleet and its connection, and has found none without a living token."""
    status = stage.daemon.get("/status?limit=1").json()
    assert not status["counts"]["expired"], status["counts"]
    return bool(status["discovery"]["complete"]) and sum(status["counts"].values()) == fleet + 1


class AuditReader:
    """Takes in what the audit device writes into its pipe, unless it pauses: a pipe that is full blocks its writer."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._reads, self._over = threading.Event(), False
        self._reads.set()
        threading.Thread(target=self._read, daemon=True).start()

    def pause(self) -> None:
        """Not a byte is read, and as many lie in the pipe as it holds."""
        self._reads.clear()
        os.set_blocking(self._pipe, False)
        with suppress(BlockingIOError):
            while True:
                os.write(self._pipe, bytes(4096))

    def go_on(self) -> None:
        self._reads.set()

    def close(self) -> None:
        self._over = True
        self.go_on()

    def _read(self) -> None:
        while not self._over:
            self._reads.wait()
            readable, _, _ = select.select([self._pipe], [], [], 0.2)
            if readable and self._reads.is_set():
                with suppress(BlockingIOError):
                    os.read(self._pipe, 1 << 16)
        os.close(self._pipe)
