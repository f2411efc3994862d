"""The dashboard's ConfigMap: found by Grafana's sidecar, and small enough for Kubernetes."""

import json

from tests.support.documents.manifests import DEPLOY, Composition

KUBERNETES_TAKES = 1024 * 1024  # https://kubernetes.io/docs/concepts/configuration/configmap/
APPLY_REMEMBERS = (
    256 * 1024
)  # in an annotation: https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/


def test_grafanas_sidecar_finds_the_dashboard_as_it_stands_here() -> None:
    rendered = Composition("overlays/dev", ("grafana-dashboard",)).rendered()
    (found,) = (
        thing for thing in rendered.of("ConfigMap") if thing["metadata"]["labels"].get("grafana_dashboard") == "1"
    )
    ((name, text),) = found["data"].items()
    assert name.endswith(".json")
    assert json.loads(text) == json.loads((DEPLOY / "components" / "grafana-dashboard" / name).read_text())
    assert len(text.encode()) < min(KUBERNETES_TAKES, APPLY_REMEMBERS)
