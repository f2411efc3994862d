"""Every pod of `deploy/` is one that a namespace of the level "restricted" takes, and the rules would tell."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.support.documents.manifests import COMPOSITIONS, Composition
from tests.support.documents.pod_security import RULES, breaches

Pod = dict[str, Any]


@pytest.mark.parametrize("composition", COMPOSITIONS, ids=str)
def test_a_pod_keeps_every_rule_of_the_restricted_level(composition: Composition) -> None:
    assert breaches(composition.rendered().pod) == []


@pytest.mark.parametrize("composition", COMPOSITIONS, ids=str)
def test_a_namespace_that_is_shipped_enforces_that_level(composition: Composition) -> None:
    labels = composition.rendered().the("Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("composition", COMPOSITIONS, ids=str)
def test_a_pod_goes_beyond_that_level_where_it_can(composition: Composition) -> None:
    rendered = composition.rendered()
    context = rendered.pod["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (65532, 65532)
    assert rendered.container["securityContext"]["readOnlyRootFilesystem"]
    assert not rendered.pod["enableServiceLinks"]
    assert all(mount["readOnly"] for mount in rendered.container.get("volumeMounts", []))


def spoiled(change: Callable[[Pod], object]) -> Pod:
    pod = deepcopy(dict(Composition("overlays/dev").rendered().pod))
    change(pod)
    return pod


def of_the_pod(**fields: object) -> Callable[[Pod], object]:
    return lambda pod: pod["securityContext"].update(fields)


def of_the_container(**fields: object) -> Callable[[Pod], object]:
    return lambda pod: pod["containers"][0]["securityContext"].update(fields)


SPOILERS: dict[str, list[Callable[[Pod], object]]] = {
    "HostProcess": [of_the_pod(windowsOptions={"hostProcess": True})],
    "Host Namespaces": [lambda pod: pod.update(hostNetwork=True), lambda pod: pod.update(hostPID=True)],
    "Privileged Containers": [of_the_container(privileged=True)],
    "HostPath Volumes": [lambda pod: pod["volumes"].append({"name": "root", "hostPath": {"path": "/"}})],
    "Host Ports": [lambda pod: pod["containers"][0]["ports"][0].update(hostPort=8080)],
    "Host Probes / Lifecycle Hooks": [
        lambda pod: pod["containers"][0]["livenessProbe"]["httpGet"].update(host="10.0.0.1")
    ],
    "AppArmor": [of_the_container(appArmorProfile={"type": "Unconfined"})],
    "SELinux": [of_the_pod(seLinuxOptions={"type": "spc_t"}), of_the_container(seLinuxOptions={"user": "system_u"})],
    "/proc Mount Type": [of_the_container(procMount="Unmasked")],
    "Sysctls": [of_the_pod(sysctls=[{"name": "kernel.msgmax", "value": "1"}])],
    "Volume Types": [lambda pod: pod["volumes"].append({"name": "disk", "nfs": {"server": "a", "path": "/"}})],
    "Privilege Escalation": [
        of_the_container(allowPrivilegeEscalation=True),
        lambda pod: pod["containers"][0]["securityContext"].pop("allowPrivilegeEscalation"),
        lambda pod: pod.update(initContainers=[{"securityContext": {"capabilities": {"drop": ["ALL"]}}}]),
    ],
    "Running as Non-root": [
        of_the_container(runAsNonRoot=False),
        lambda pod: pod["securityContext"].pop("runAsNonRoot"),
    ],
    "Running as Non-root user": [of_the_pod(runAsUser=0), of_the_container(runAsUser=0)],
    "Seccomp": [
        of_the_container(seccompProfile={"type": "Unconfined"}),
        lambda pod: pod["securityContext"].pop("seccompProfile"),
    ],
    "Capabilities": [
        of_the_container(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
        lambda pod: pod["containers"][0]["securityContext"].pop("capabilities"),
    ],
}


@pytest.mark.parametrize("rule", RULES)
def test_a_pod_that_breaks_the_rule_is_told_of(rule: str) -> None:
    for change in SPOILERS[rule]:
        assert rule in breaches(spoiled(change))
