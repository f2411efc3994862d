import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.documents.generated_docs import ONE_MACHINE_PARTS, renewed
from tests.support.documents.hardening import UNIT, analyzed, analyzer, exposure, systemd_version
from tests.support.documents.one_machine import PAGE, ROOT, unit, unit_environment
from zoho_tokend.core.health import LONGEST_SILENCE
from zoho_tokend.engine.clockwork import BEAT_INTERVAL
from zoho_tokend.engine.runner import GRACE
from zoho_tokend.settings import load_settings
from zoho_tokend.settings.model import DOCUMENTED

MOST_EXPOSED = 1.5

by_systemd = pytest.mark.skipif(analyzer() is None, reason="systemd-analyze is not installed")


def seconds(name: str) -> timedelta:
    return timedelta(seconds=int(unit()["Service"][name].removesuffix("s")))


@by_systemd
def test_systemd_finds_it_hardly_exposed() -> None:
    assert exposure(UNIT) <= MOST_EXPOSED


@by_systemd
def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace("/opt/zoho-tokend/bin/zoho-tokend", sys.executable))
    assert analyzed("verify", "--man=no", str(here)) == ""


@by_systemd
def test_the_page_tells_its_exposure_as_systemd_works_it_out() -> None:
    (told,) = re.findall(r"of systemd (\d+) gives it an exposure of ([0-9.]+)", PAGE.read_text())
    if told[0] == systemd_version():
        assert renewed(PAGE.read_text(), ONE_MACHINE_PARTS) == PAGE.read_text(), "run `make docs`"
    assert float(told[1]) <= MOST_EXPOSED


def test_the_watchdog_waits_for_longer_than_a_heartbeat_and_than_the_liveness_probe_bears() -> None:
    assert seconds("WatchdogSec") > LONGEST_SILENCE + BEAT_INTERVAL


def test_a_stop_has_time_for_all_that_is_under_way() -> None:
    assert seconds("TimeoutStopSec") > GRACE + timedelta(seconds=10)


def test_the_daemon_takes_its_settings_and_the_two_secrets_that_systemd_hands_over(tmp_path: Path) -> None:
    loaded = dict(re.findall(r"^LoadCredential=([\w-]+):(.+)$", UNIT.read_text(), re.MULTILINE))
    assert loaded == {name: f"/etc/zoho-tokend/{name}" for name in ("role-id", "secret-id")}
    for name in loaded:
        (tmp_path / name).write_text("invented")
    example = ROOT / "deploy" / "systemd" / "zoho-tokend.toml"
    places = {"%d": str(tmp_path), "/etc/zoho-tokend/zoho-tokend.toml": str(example)}
    environment = dict(unit_environment())
    for written, here in places.items():
        environment = {name: value.replace(written, here) for name, value in environment.items()}
    settings = load_settings(environment)
    assert settings.vault_auth == "approle"
    assert settings.vault_role_id_file == tmp_path / "role-id"
    assert settings.vault_secret_id_file == tmp_path / "secret-id"
    assert {name.removeprefix("ZOHO_TOKEND_") for name in environment} <= DOCUMENTED.keys() | {"CONFIG"}


def test_no_secret_stands_in_it() -> None:
    secrets = [f"ZOHO_TOKEND_{name}" for name, documented in DOCUMENTED.items() if documented.secret]
    assert secrets
    assert unit_environment().keys().isdisjoint(secrets)
