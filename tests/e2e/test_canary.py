"""No secret gets out, whatever goes wrong: every failure that Zoho and Vault can make, with marked secrets in them."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.canary import assert_no_canary
from tests.raised_errors import raised_errors
from tests.support.places.daemon_role import DaemonRole
from tests.support.places.site import Site, a_site
from tests.support.places.troubles import SLOW, Troubles
from tests.support.processes.process import Daemon, call
from tests.support.servers.openbao import Admin, new_corner, running
from tests.support.servers.relay_in_thread import relay_in_thread
from zoho_tokend.app.daemon import Daemon as EmbeddedDaemon
from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.events import (
    Conflicted,
    DiscoveryEnded,
    Event,
    Parked,
    RefreshCrashed,
    Refreshed,
    RefreshFailed,
    RefreshTokenRotated,
    TokenUnsaved,
    ZohoAnswered,
    ZohoOutcome,
)
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.engine.clockwork import Command
from zoho_tokend.settings import load_settings

_FAILURES = ("refresh.failed", "connection.parked", "connection.revoked")
PAGES = ("/", "/status", "/metrics", "/readyz?verbose", "/livez?verbose", "/status?limit=x")


@pytest.fixture
def troubles(tmp_path: Path) -> Iterator[Troubles]:
    """In a Vault that may be sealed."""
    for server in running(OpenBao()):
        with closing(Admin(server)) as root, a_site(new_corner(root), tmp_path) as site:
            troubles = Troubles(site)
            troubles.put()
            yield troubles


def pages(daemon: Daemon) -> list[str]:
    return [daemon.get(path).text for path in PAGES]


def test_no_secret_is_in_the_output_or_on_a_page_of_the_process_whatever_goes_wrong(troubles: Troubles) -> None:
    site = troubles.site
    vault_token = site.corner.admin.token(site.corner.policy, id=troubles.mark("vault-token")).reveal()
    with relay_in_thread(site.corner.address) as relay:
        settings = {"VAULT_ADDR": relay.address, "VAULT_TOKEN": vault_token, "LOG_LEVEL": "debug"}
        with site.daemon(**settings) as daemon, site.daemon(**settings, LOG_FORMAT="console") as at_a_console:
            both = (daemon, at_a_console)
            for each in both:
                each.until_ready()
            daemon.until(site.zoho.journal.requests, "Zoho is asked")
            troubles.meddle()
            daemon.until_state("denied", "unsaved")
            daemon.until_state("lifetime-in-text", "fresh")
            daemon.until_told("record.conflicted", connection="conflicted")
            shown = [page for each in both for page in pages(each)]
            relay.cut()
            daemon.until_told("refresh.failed", outcome="vault_unavailable")
            relay.mend()
            troubles.collect()
            site.corner.admin.ask("POST", "sys/seal")
            daemon.until_told("discovery.failed", error=f"Vault at {relay.address} is sealed")
            shown += [page for each in both for page in pages(each)]
            for each in both:
                each.hurry()
                shown += [each.out, each.err]
    effective = call("settings", "--effective", environment=site.environment(**settings))
    assert_no_canary(troubles.canaries, *shown, effective.out, effective.err)
    # It did go wrong, in every way that has a name.
    failed = {line["outcome"] for event in _FAILURES for line in daemon.lines(event)}
    assert failed == set(Outcome) - {Outcome.SUCCESS, Outcome.ADOPTED}
    assert any("refresh_token.rotated" in each.out for each in both)
    assert at_a_console.out.count("refresh.failed") > 10


_SLOW = timedelta(seconds=SLOW)


class Clumsy:
    """A sink that fails once, in the midst of a refresh that holds a token."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._heard = asyncio.Event()
        self._has_stumbled = False

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self._heard.set()
        # Not at a slow answer: somebody else writes the record of that connection meanwhile, and is to be met.
        issued = isinstance(event, ZohoAnswered) and event.outcome is ZohoOutcome.ISSUED and event.took < _SLOW / 2
        if issued and not self._has_stumbled:
            self._has_stumbled = True
            raise RuntimeError("nobody foresaw this")

    async def until(self, *kinds: type[Event], telling: str = "") -> None:
        """An event of each kind, in whose repr this text is, has been heard."""
        while not all(any(isinstance(each, kind) and telling in repr(each) for each in self.events) for kind in kinds):
            self._heard.clear()
            await self._heard.wait()


async def test_no_secret_is_in_any_event_or_error_whatever_goes_wrong(troubles: Troubles) -> None:
    site, sink = troubles.site, Clumsy()
    settings = load_settings(site.environment())
    with raised_errors() as errors:
        daemon = EmbeddedDaemon(settings, reread=lambda: settings, sinks=[sink])
        async with asyncio.timeout(240), asyncio.TaskGroup() as group:
            group.create_task(daemon.run())
            await sink.until(ZohoAnswered)
            troubles.meddle()
            await sink.until(Refreshed, RefreshFailed, RefreshCrashed, RefreshTokenRotated, Conflicted, Parked)
            await sink.until(TokenUnsaved, telling="'denied'")
            site.corner.allow("tokens/denied")
            await sink.until(Refreshed, telling="'denied'")
            troubles.collect()
            site.corner.admin.ask("POST", "sys/seal")
            await sink.until(DiscoveryEnded, telling="is sealed")
            daemon.send(Command.STOP)
    assert len(errors) > 100
    assert_no_canary(troubles.canaries, *map(str, sink.events), *map(repr, sink.events), *errors)


@pytest.mark.parametrize(
    "secret_id", ["CANARY-secret-id-x7Qd", "hvs.CANARYsecretIdThatLooksWrapped"], ids=["plain", "wrapped"]
)
def test_a_refused_login_tells_no_secret_id(site: Site, secret_id: str) -> None:
    settings = DaemonRole(site.corner).settings | {"VAULT_SECRET_ID": secret_id, "LOG_LEVEL": "debug"}
    with site.daemon(**settings) as daemon:
        assert daemon.exit_code() == 1
        assert "VAULT_SECRET_ID" in daemon.err
        assert_no_canary([secret_id], daemon.out, daemon.err)
