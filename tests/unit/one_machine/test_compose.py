import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.documents.one_machine import ROOT, composed
from zoho_tokend import __version__
from zoho_tokend.engine.runner import GRACE
from zoho_tokend.settings import load_settings
from zoho_tokend.settings.model import DOCUMENTED

DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def services() -> Mapping[str, Mapping[str, object]]:
    return composed()


@pytest.fixture(scope="module")
def daemon(services: Mapping[str, Mapping[str, object]]) -> Mapping[str, object]:
    return services["zoho-tokend"]


def environment(service: Mapping[str, object]) -> dict[str, str]:
    variables = service["environment"]
    assert isinstance(variables, dict)
    return {str(name): str(value) for name, value in variables.items()}


@pytest.mark.parametrize("name", ["openbao", "zoho-tokend"])
def test_no_container_may_write_its_root_or_do_more_than_its_user(
    services: Mapping[str, Mapping[str, object]], name: str
) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", ["openbao", "zoho-tokend"])
def test_every_port_is_for_this_machine_alone(services: Mapping[str, Mapping[str, object]], name: str) -> None:
    ports = services[name]["ports"]
    assert isinstance(ports, list)
    assert [port["host_ip"] for port in ports] == ["127.0.0.1"]


def test_it_runs_the_image_of_this_version_as_its_own_user(daemon: Mapping[str, object]) -> None:
    assert daemon["image"] == f"zoho-tokend:{__version__}"
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == [daemon["user"]]


def test_its_settings_are_settings_of_the_daemon(daemon: Mapping[str, object], tmp_path: Path) -> None:
    variables = environment(daemon)
    assert {name.removeprefix("ZOHO_TOKEND_") for name in variables} <= DOCUMENTED.keys()
    for name in ("role-id", "secret-id"):
        (tmp_path / name).write_text("invented")
    here = {name: value.replace("/run/secrets", str(tmp_path)) for name, value in variables.items()}
    settings = load_settings(here)
    ports = daemon["ports"]
    assert isinstance(ports, list)
    assert [port["target"] for port in ports] == [settings.listen.port]
    assert settings.listen.host == "0.0.0.0"


def test_each_secret_is_a_file_that_a_setting_names(daemon: Mapping[str, object]) -> None:
    secrets = daemon["secrets"]
    assert isinstance(secrets, list)
    named = {value for value in environment(daemon).values() if value.startswith("/run/secrets/")}
    assert {f"/run/secrets/{secret['source']}" for secret in secrets} == named


def test_it_is_healthy_by_the_health_check_of_the_image_and_once_it_is_ready(daemon: Mapping[str, object]) -> None:
    check = daemon["healthcheck"]
    assert isinstance(check, dict)
    assert check["test"] == ["CMD", "zoho-tokend", "healthcheck", "--ready"]
    assert 'CMD ["zoho-tokend", "healthcheck"]' in DOCKERFILE


def test_a_stop_has_time_for_all_that_is_under_way(daemon: Mapping[str, object]) -> None:
    assert daemon["stop_grace_period"] == "1m0s"
    assert timedelta(minutes=1) > GRACE + timedelta(seconds=10)
