"""What a schema can say of the objects of `deploy/`, and what it cannot: that they fit one another and the daemon."""

import ast
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.manifests import COMPONENTS, COMPOSITIONS, DEPLOY, NAME, Composition, Object, Rendered
from zoho_tokend import __version__
from zoho_tokend.cli import main
from zoho_tokend.core.health import LONGEST_SILENCE, liveness, readiness
from zoho_tokend.runner import GRACE
from zoho_tokend.vault.line import SHORT_SECONDS
from zoho_tokend.web import app

OLDEST, NEWEST = "1.28", "1.37"
NOT_KUBERNETES_OWN = {"monitoring.coreos.com/v1"}
EVERY = pytest.mark.parametrize("composition", COMPOSITIONS, ids=str)


def nested(thing: Any) -> Iterator[Any]:
    """The thing and all that is in it."""
    yield thing
    inner = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, list) else ()
    for part in inner:
        yield from nested(part)


def parts(thing: Any, name: str) -> Iterator[Any]:
    """Whatever goes by this name, at any depth."""
    yield from (part[name] for part in nested(thing) if isinstance(part, dict) and name in part)


def selects(selector: Object, labels: Object) -> bool:
    """Whether these labels are selected; a selector here has no other form, and is never empty, which selects all."""
    wanted = selector.get("matchLabels", selector)
    return bool(wanted) and wanted.items() <= labels.items()


# --- what a schema can say


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_own_objects_keep_to_their_schemas(version: str) -> None:
    every = [thing for composition in COMPOSITIONS for thing in composition.rendered().objects]
    distinct = {json.dumps(thing, sort_keys=True): thing for thing in every}.values()
    own = [thing for thing in distinct if thing["apiVersion"] not in NOT_KUBERNETES_OWN]
    assert {kubernetes_validate.validate(dict(thing), version, strict=True) for thing in own} == {version}


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_is_part_of_a_composition(component: str) -> None:
    listed = {path.parent.name for path in DEPLOY.glob(f"components/{component}/kustomization.yaml")}
    assert listed == {component}
    assert any(component in composition.components for composition in COMPOSITIONS)


@pytest.mark.parametrize("folder", sorted(DEPLOY.glob("*/**/kustomization.yaml")), ids=lambda file: file.parent.name)
def test_every_file_of_a_kustomization_is_used_by_it(folder: Path) -> None:
    used = {part for part in nested(yaml.safe_load(folder.read_text())) if isinstance(part, str)}
    assert {file.name for file in folder.parent.iterdir() if file.is_file()} <= {*used, folder.name}


# --- that they fit one another


@EVERY
def test_everything_but_the_namespace_lies_in_the_namespace(composition: Composition) -> None:
    rendered = composition.rendered()
    places = {thing["metadata"].get("namespace") for thing in rendered.objects if thing["kind"] != "Namespace"}
    assert places == {rendered.the("Namespace")["metadata"]["name"]}


@EVERY
def test_everything_says_whose_it_is(composition: Composition) -> None:
    for thing in composition.rendered().objects:
        if thing["kind"] != "Namespace":
            assert thing["metadata"]["labels"]["app.kubernetes.io/name"] == NAME


@EVERY
def test_every_selector_selects_our_pods(composition: Composition) -> None:
    rendered = composition.rendered()
    labels = rendered.template["metadata"]["labels"]
    selectors = [rendered.workload["spec"]["selector"]]
    selectors += [
        thing["spec"]["selector"] for kind in ("Service", "PodDisruptionBudget") for thing in rendered.of(kind)
    ]
    selectors += [thing["labelSelector"] for thing in rendered.pod["topologySpreadConstraints"]]
    assert all(selects(selector, labels) for selector in selectors)


@EVERY
def test_the_pods_have_the_service_account_that_is_shipped_and_no_token_of_it_by_default(
    composition: Composition,
) -> None:
    rendered = composition.rendered()
    account = rendered.the("ServiceAccount")
    assert rendered.pod["serviceAccountName"] == account["metadata"]["name"]
    assert account["automountServiceAccountToken"] is rendered.pod["automountServiceAccountToken"] is False


@EVERY
def test_every_config_map_that_the_pods_read_is_rendered_or_named_by_the_cluster_or_the_reader(
    composition: Composition,
) -> None:
    rendered = composition.rendered()
    there = {thing["metadata"]["name"] for thing in rendered.of("ConfigMap")}
    named = {
        part["configMap"]["name"] for part in nested(rendered.pod) if isinstance(part, dict) and "configMap" in part
    }
    read = {source["configMapRef"]["name"] for source in rendered.container["envFrom"]}
    assert read <= there
    assert named <= {"kube-root-ca.crt", "vault-ca"}


def test_a_changed_setting_is_a_rollout() -> None:
    """For the name of the settings follows what stands in them."""
    names = {
        composition.rendered().container["envFrom"][0]["configMapRef"]["name"]
        for composition in (Composition("overlays/dev"), Composition("overlays/dev", ("vault-ca",)))
    }
    assert len(names) == 2


# --- that they fit the daemon


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


# --- how many, and how they are replaced


def replicas_of(rendered: Rendered) -> int:
    replicas: int = rendered.workload["spec"]["replicas"]
    return replicas


@EVERY
def test_two_daemons_are_at_work_only_where_they_know_of_each_other(composition: Composition) -> None:
    rendered = composition.rendered()
    settings = settings_of(rendered)
    spec = rendered.workload["spec"]
    if settings.get("LEADER_ELECTION") != "kubernetes":
        assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    elif "SHARDS" not in settings:
        replaced = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
        assert (spec["replicas"], spec["strategy"]) == (2, replaced)
    else:
        assert (rendered.workload["kind"], spec["replicas"]) == ("StatefulSet", 2 * int(settings["SHARDS"]))
        assert spec["serviceName"] == rendered.the("Service")["metadata"]["name"]
        assert spec["podManagementPolicy"] == "Parallel"


def settings_of(rendered: Rendered) -> dict[str, str]:
    settings: dict[str, str] = next(
        thing["data"]
        for thing in rendered.of("ConfigMap")
        if thing["metadata"]["name"] == rendered.container["envFrom"][0]["configMapRef"]["name"]
    )
    return settings


@EVERY
def test_a_node_can_always_be_drained_of_one_pod_at_a_time(composition: Composition) -> None:
    rendered = composition.rendered()
    budget = rendered.the("PodDisruptionBudget")["spec"]
    assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")
    assert all(each["whenUnsatisfiable"] == "ScheduleAnyway" for each in rendered.pod["topologySpreadConstraints"])


# --- what the pods may do in Kubernetes


@EVERY
def test_a_pod_has_a_token_for_kubernetes_only_where_leader_election_needs_one(composition: Composition) -> None:
    rendered = composition.rendered()
    tokens = list(parts(rendered.pod, "serviceAccountToken"))
    for_kubernetes = [token for token in tokens if "audience" not in token]
    elects = settings_of(rendered).get("LEADER_ELECTION") == "kubernetes"
    assert len(for_kubernetes) == (1 if elects else 0)
    assert len(rendered.of("Role")) == len(rendered.of("RoleBinding")) == (1 if elects else 0)
    assert rendered.of("ClusterRole") == rendered.of("ClusterRoleBinding") == []
    assert all(600 <= token["expirationSeconds"] <= 3600 for token in tokens)


@EVERY
def test_the_pods_may_touch_their_own_leases_and_nothing_else(composition: Composition) -> None:
    rendered = composition.rendered()
    for role in rendered.of("Role"):
        settings = settings_of(rendered)
        by_name, creation = role["rules"]
        assert {tuple(rule["apiGroups"] + rule["resources"]) for rule in role["rules"]} == {
            ("coordination.k8s.io", "leases")
        }
        assert (by_name["verbs"], creation["verbs"]) == (["get", "update"], ["create"])
        assert leases(settings) <= set(by_name["resourceNames"])
        assert all(name.startswith(settings["LEASE_NAME"]) for name in by_name["resourceNames"])
        (binding,) = rendered.of("RoleBinding")
        assert binding["roleRef"]["name"] == role["metadata"]["name"]
        (subject,) = binding["subjects"]
        account = rendered.the("ServiceAccount")["metadata"]
        assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])


def leases(settings: dict[str, str]) -> set[str]:
    """The names of the Leases that daemons with these settings agree by."""
    name = settings["LEASE_NAME"]
    return {f"{name}-{shard}" for shard in range(int(settings["SHARDS"]))} if "SHARDS" in settings else {name}
