"""The real process tells the service manager that started it how it is."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.places.site import Site
from tests.support.processes.process import running
from tests.support.servers.relay_in_thread import relay_in_thread
from tests.support.servers.service_manager import Listener, listening


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Listener]:
    with listening(str(tmp_path / "notify")) as manager:
        yield manager


def test_it_is_ready_fed_reloaded_and_stopped(site: Site, manager: Listener, tmp_path: Path) -> None:
    site.connect("crm-prod")
    with running({**site.environment(), "NOTIFY_SOCKET": manager.name}, tmp_path) as daemon:
        manager.hear_until("READY=1")
        assert daemon.is_ready()
        assert "STATUS=Connections kept fresh: 1." in manager.hear_until("WATCHDOG=1")

        daemon.send(signal.SIGHUP)
        began, *lines = manager.hear_until("READY=1")[-3:]
        assert began == "RELOADING=1"
        assert lines[0].startswith("MONOTONIC_USEC=")

        daemon.send(signal.SIGTERM)
        manager.hear_until("STOPPING=1")
        assert daemon.exit_code() == 0
        assert daemon.err == ""


def test_while_vault_is_away_it_asks_for_more_time_and_then_is_ready(
    site: Site, manager: Listener, tmp_path: Path
) -> None:
    with relay_in_thread(site.corner.address) as vault:
        vault.cut()
        environment = {**site.environment(VAULT_ADDR=vault.address), "NOTIFY_SOCKET": manager.name}
        with running(environment, tmp_path) as daemon:
            waiting = manager.hear_until("EXTEND_TIMEOUT_USEC=30000000")
            assert "READY=1" not in waiting
            vault.mend()
            manager.hear_until("READY=1")
            daemon.stop()
