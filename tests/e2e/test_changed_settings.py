"""SIGHUP: what can change does, what cannot is told, and what is broken changes nothing."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.places.site import Site
from tests.support.processes.process import Daemon


@dataclass(frozen=True)
class Reloading:
    """A daemon, and the file of its settings."""

    daemon: Daemon
    file: Path

    def reload(self, text: str) -> None:
        self.file.write_text(text)
        self.daemon.send(signal.SIGHUP)


@pytest.fixture
def reloading(site: Site, tmp_path: Path) -> Iterator[Reloading]:
    file = tmp_path / "zoho-tokend.toml"
    file.write_text(f'refresh_at = 0.5\nvault_addr = "{site.corner.address}"\n')
    with site.daemon(CONFIG=str(file), VAULT_ADDR="") as daemon:
        daemon.until_ready()
        assert daemon.metric("floor_seconds") == 1800 - 46
        yield Reloading(daemon, file)


def test_a_changed_setting_is_taken_over(site: Site, reloading: Reloading) -> None:
    reloading.reload(f'refresh_at = 0.75\nvault_addr = "{site.corner.address}"\n')
    reloading.daemon.until_told("settings.reloaded", changed=["REFRESH_AT"])
    assert reloading.daemon.metric("floor_seconds") == 900 - 46


def test_a_broken_file_is_refused_with_one_line_and_the_daemon_goes_on(site: Site, reloading: Reloading) -> None:
    reloading.reload('refresh_at = "soon"\n')
    refused = reloading.daemon.until_told("settings.refused")
    assert f"REFRESH_AT ({reloading.file}): 'soon' is refused" in str(refused["error"])
    assert "VAULT_ADDR is missing" in str(refused["error"])
    site.connect("crm-prod")
    reloading.daemon.until_state("crm-prod", "fresh")
    assert reloading.daemon.metric("floor_seconds") == 1800 - 46
    assert len(reloading.daemon.lines("settings.refused")) == 1
    assert reloading.daemon.err == ""


def test_a_setting_that_cannot_change_is_said_to_need_a_restart(site: Site, reloading: Reloading) -> None:
    reloading.reload('refresh_at = 0.5\nvault_addr = "http://127.0.0.1:9"\n')
    told = reloading.daemon.until_told("settings.reloaded")
    assert (told["needs_restart"], told.get("changed")) == (["VAULT_ADDR"], None)
    site.connect("crm-prod")
    reloading.daemon.until_state("crm-prod", "fresh")
