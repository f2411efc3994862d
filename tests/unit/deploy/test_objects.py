"""What a schema can say of the objects of `deploy/`, and what it cannot: that they fit one another."""

import json
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.support.documents.manifests import COMPONENTS, COMPOSITIONS, DEPLOY, NAME, Composition, Object, nested

OLDEST, NEWEST = "1.28", "1.37"
NOT_KUBERNETES_OWN = {"monitoring.coreos.com/v1"}
EVERY = pytest.mark.parametrize("composition", COMPOSITIONS, ids=str)


def selects(selector: Object, labels: Object) -> bool:
    """Whether these labels are selected; a selector here has one form, and is never empty, which would select all."""
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
    assert any(component in composition.components for composition in COMPOSITIONS)


@pytest.mark.parametrize("file", sorted(DEPLOY.glob("*/**/kustomization.yaml")), ids=lambda file: file.parent.name)
def test_every_file_of_a_kustomization_is_used_by_it(file: Path) -> None:
    used = {part for part in nested(yaml.safe_load(file.read_text())) if isinstance(part, str)}
    assert {beside.name for beside in file.parent.iterdir() if beside.is_file()} <= {*used, file.name}


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


# --- that they fit the Prometheus Operator: https://prometheus-operator.dev/docs/api-reference/api/


@EVERY
def test_a_monitor_finds_what_it_is_for_and_calls_it_by_the_name_of_the_daemon(composition: Composition) -> None:
    rendered = composition.rendered()
    for kind, found in (("PodMonitor", rendered.template), ("ServiceMonitor", rendered.the("Service"))):
        for monitor in rendered.of(kind):
            labels = found["metadata"]["labels"]
            assert selects(monitor["spec"]["selector"], labels)
            assert labels[monitor["spec"]["jobLabel"]] == NAME


@EVERY
def test_a_monitor_has_only_fields_that_the_operator_knows(composition: Composition) -> None:
    for kind, endpoints in (("PodMonitor", "podMetricsEndpoints"), ("ServiceMonitor", "endpoints")):
        for monitor in composition.rendered().of(kind):
            assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
            assert monitor["spec"].keys() == {"jobLabel", "selector", endpoints}
            (endpoint,) = monitor["spec"][endpoints]
            assert endpoint.keys() == {"port", "path", "interval", "scrapeTimeout"}
            every, within = (int(endpoint[name].removesuffix("s")) for name in ("interval", "scrapeTimeout"))
            assert within < every
