"""One cause pages once: the real Alertmanager has the rules that are shipped, and shows what nothing holds back."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from deploy.monitoring.operator_objects import ALERTMANAGER_CONFIG, INHIBIT_RULES, RULES
from tests.support.samples.builders import CRM, HOUR, MINUTE, SALES
from tests.support.servers.alertmanager import Alertmanager, alertmanager_binary, an_alertmanager, configuration
from tests.support.stand_ins.scraped_history import History, a_daemon
from zoho_tokend.core.model import ConnectionName

FIFTY: Final = [ConnectionName(f"crm-{number}") for number in range(50)]
INHIBITION: Final = yaml.safe_load(INHIBIT_RULES.read_text())["inhibit_rules"]
ALERTS: Final = {rule["alert"] for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"] if "alert" in rule}
TOKEN_ALERTS: Final = {
    "ZohoTokenRefreshLate": "warning",
    "ZohoTokenExpiringSoon": "critical",
    "ZohoTokenExpired": "critical",
}
EVERYWHERE: Final = {"namespace": "crm", "job": "zoho-tokend"}


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    with an_alertmanager(tmp_path) as alertmanager:
        yield alertmanager


def alert(name: str, severity: str = "critical", **labels: str) -> Mapping[str, str]:
    return {**EVERYWHERE, "alertname": name, "severity": severity, **labels}


def of_every_token() -> list[Mapping[str, str]]:
    return [alert(name, severity, connection=of) for name, severity in TOKEN_ALERTS.items() for of in FIFTY]


def named(matchers: list[str]) -> set[str]:
    (matcher,) = matchers
    return set(re.fullmatch(r'alertname=~?"(.*)"', matcher)[1].split("|"))  # type: ignore[index]  # else it is no matcher


@pytest.mark.looptime
async def test_a_sealed_vault_with_fifty_connections_pages_once(history: History, alertmanager: Alertmanager) -> None:
    async with a_daemon() as daemon:
        daemon.world.connect(*FIFTY)
        await history.passes(20 * MINUTE, daemon)
        daemon.world.vault.down()
        await history.passes(HOUR, daemon)
    alerts = history.alerts()
    assert {labels["connection"] for labels in alerts if labels["alertname"] == "ZohoTokenExpired"} == set(FIFTY)
    alertmanager.send(*alerts)
    alertmanager.until_shown("ZohoTokendVaultUnavailable")


@pytest.mark.looptime
async def test_a_cause_keeps_firing_until_what_it_explains_is_over(history: History) -> None:
    """Else Alertmanager would page for each token just when Vault is back."""
    async with a_daemon() as daemon:
        daemon.world.connect(CRM, SALES)
        await history.passes(20 * MINUTE, daemon)
        daemon.world.vault.down()
        await history.passes(HOUR, daemon)
        daemon.world.vault.up()
        await history.passes(7 * MINUTE / 2, daemon)
        assert history.firing() >= {("ZohoTokendVaultUnavailable", ""), ("ZohoTokenExpired", CRM)}
        await history.passes(10 * MINUTE, daemon)
        assert history.firing() == {("ZohoTokendVaultUnavailable", "")}


@pytest.mark.parametrize(
    "cause",
    [
        "ZohoUnavailable",
        "ZohoTokendVaultSessionLost",
        "ZohoTokendNoLeader",
        "ZohoTokendStalled",
        "ZohoTokendAbsent",
        "ZohoTokendClockWrong",
    ],
)
def test_a_cause_pages_once_for_fifty_connections(alertmanager: Alertmanager, cause: str) -> None:
    alertmanager.send(alert(cause), alert("ZohoFleetFailing", "warning"), *of_every_token())
    alertmanager.until_shown(cause)
    alertmanager.until_shown(severity="warning")


def test_a_wrong_clock_explains_what_is_read_by_it(alertmanager: Alertmanager) -> None:
    alertmanager.send(
        *(alert("ZohoTokendClockSkewed", "warning", peer=peer) for peer in ("zoho", "vault")),
        *(alert(name) for name in ("ZohoTokendClockWrong", "ZohoTokendStalled", "ZohoTokendVaultSessionLost")),
    )
    alertmanager.until_shown("ZohoTokendClockWrong")
    alertmanager.until_shown(severity="warning")


def test_of_one_connection_the_worst_alert_is_shown(alertmanager: Alertmanager) -> None:
    alertmanager.send(
        *(alert(name, severity, connection=CRM) for name, severity in TOKEN_ALERTS.items()),
        alert("ZohoTokenRefreshLate", "warning", connection=SALES),
    )
    alertmanager.until_shown("ZohoTokenExpired")
    alertmanager.until_shown("ZohoTokenRefreshLate", severity="warning")  # of the other connection


def test_another_installation_still_pages(alertmanager: Alertmanager) -> None:
    elsewhere = {**alert("ZohoTokenExpired", connection=CRM), "namespace": "billing"}
    alertmanager.send(alert("ZohoTokendVaultUnavailable"), alert("ZohoTokenExpired", connection=CRM), elsewhere)
    alertmanager.until_shown("ZohoTokenExpired", "ZohoTokendVaultUnavailable")


def test_amtool_finds_nothing_wrong_with_the_rules(tmp_path: Path) -> None:
    command = [alertmanager_binary("amtool"), "check-config", str(configuration(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, f"{len(INHIBITION)} inhibit rules" in done.stdout) == (0, True), done.stdout + done.stderr


def test_every_alert_that_is_named_exists_and_none_holds_back_itself() -> None:
    held_back: dict[str, set[str]] = {}
    for rule in INHIBITION:
        for source in named(rule["source_matchers"]):
            held_back.setdefault(source, set()).update(named(rule["target_matchers"]))
    assert held_back.keys() | set().union(*held_back.values()) <= ALERTS
    TopologicalSorter(held_back).prepare()  # raises CycleError where two hold back each other


def test_the_operators_object_has_the_same_inhibition() -> None:
    manifest = yaml.safe_load(ALERTMANAGER_CONFIG.read_text())
    assert (manifest["apiVersion"], manifest["kind"]) == ("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig")

    def written(matches: list[dict[str, Any]]) -> list[str]:
        return [f'{match["name"]}{match["matchType"]}"{match["value"]}"' for match in matches]

    assert [
        {
            "source_matchers": written(rule["sourceMatch"]),
            "target_matchers": written(rule["targetMatch"]),
            "equal": rule["equal"],
        }
        for rule in manifest["spec"]["inhibitRules"]
    ] == INHIBITION
