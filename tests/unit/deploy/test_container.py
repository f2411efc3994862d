"""The container of `deploy/` and the daemon in it: its command, its port, its probes, and the time that it is given."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.documents.manifests import COMPOSITIONS, DEPLOY, Composition, Object
from zoho_tokend import __version__
from zoho_tokend.cli import main
from zoho_tokend.core.health import LONGEST_SILENCE, liveness, readiness
from zoho_tokend.engine.runner import GRACE
from zoho_tokend.vault.client import SHORT_SECONDS
from zoho_tokend.web import app

EVERY = pytest.mark.parametrize("composition", COMPOSITIONS, ids=str)


@EVERY
def test_the_image_is_of_this_version_and_is_started_with_a_command_of_ours(composition: Composition) -> None:
    container = composition.rendered().container
    assert container["image"] == f"zoho-tokend:{__version__}"
    assert "command" not in container  # the image's own entry point
    (command,) = container["args"]
    assert command in main.commands


@EVERY
def test_every_probe_and_scrape_asks_a_port_that_is_open_for_a_path_that_there_is(composition: Composition) -> None:
    rendered = composition.rendered()
    (port,) = rendered.container["ports"]
    asked = [rendered.container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    for kind, endpoints in (("PodMonitor", "podMetricsEndpoints"), ("ServiceMonitor", "endpoints")):
        asked += [endpoint for thing in rendered.of(kind) for endpoint in thing["spec"][endpoints]]
    (service,) = rendered.the("Service")["spec"]["ports"]
    assert (service["name"], service["targetPort"]) == (port["name"], port["name"])
    assert {endpoint["port"] for endpoint in asked} == {port["name"]}
    assert {endpoint["path"] for endpoint in asked} <= served_paths()


def served_paths() -> set[str]:
    """The paths that the web application names in its source."""
    source = ast.parse(Path(app.__file__).read_text())
    texts = {node.value for node in ast.walk(source) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text if text.startswith("/") else f"/{text}" for text in texts if " " not in text}


def per_try(probe: Object) -> timedelta:
    return timedelta(seconds=probe["periodSeconds"] * probe["failureThreshold"])


@EVERY
def test_a_pod_is_restarted_only_for_what_a_restart_can_mend(composition: Composition) -> None:
    """Neither a sealed Vault nor a slow first discovery is: whatever asks about them may fail for ever."""
    container = composition.rendered().container
    restarting = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness")}
    assert restarting == {"/livez"}
    of_vault = {"vault-session", "discovery"}
    calm = timedelta()
    assert of_vault.isdisjoint(check.name for check in liveness(heartbeat_age=calm, sweep_age=calm, clock_drift=calm))
    assert of_vault < {check.name for check in readiness(vault_session=False, discovered=False, stopping=False)}
    assert per_try(container["startupProbe"]) >= LONGEST_SILENCE


@EVERY
def test_a_pod_has_time_to_save_what_is_under_way_and_to_take_leave_of_vault(composition: Composition) -> None:
    given = timedelta(seconds=composition.rendered().pod["terminationGracePeriodSeconds"])
    assert given >= GRACE + 10 * timedelta(seconds=SHORT_SECONDS)


@EVERY
def test_the_pod_is_what_the_image_is_made_for(composition: Composition) -> None:
    rendered = composition.rendered()
    image = (DEPLOY.parent / "Dockerfile").read_text()
    context = rendered.pod["securityContext"]
    assert f"USER {context['runAsUser']}:{context['runAsGroup']}\n" in image
    assert f"EXPOSE {rendered.container['ports'][0]['containerPort']}\n" in image
    assert 'ENTRYPOINT ["zoho-tokend"]\n' in image
