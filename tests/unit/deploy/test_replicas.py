"""How many pods `deploy/` makes, how they are replaced, and what they may do in Kubernetes to agree who works."""

import pytest

from tests.support.documents.manifests import COMPOSITIONS, Composition, parts

EVERY = pytest.mark.parametrize("composition", COMPOSITIONS, ids=str)


@EVERY
def test_two_daemons_are_at_work_only_where_they_know_of_each_other(composition: Composition) -> None:
    rendered = composition.rendered()
    settings = rendered.settings
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


@EVERY
def test_a_node_can_always_be_drained_of_one_pod_at_a_time(composition: Composition) -> None:
    rendered = composition.rendered()
    budget = rendered.the("PodDisruptionBudget")["spec"]
    assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")
    assert all(each["whenUnsatisfiable"] == "ScheduleAnyway" for each in rendered.pod["topologySpreadConstraints"])


@EVERY
def test_a_pod_has_a_token_for_kubernetes_only_where_leader_election_needs_one(composition: Composition) -> None:
    rendered = composition.rendered()
    tokens = list(parts(rendered.pod, "serviceAccountToken"))
    for_kubernetes = [token for token in tokens if "audience" not in token]
    elects = rendered.settings.get("LEADER_ELECTION") == "kubernetes"
    assert len(for_kubernetes) == (1 if elects else 0)
    assert len(rendered.of("Role")) == len(rendered.of("RoleBinding")) == (1 if elects else 0)
    assert rendered.of("ClusterRole") == rendered.of("ClusterRoleBinding") == []
    assert all(600 <= token["expirationSeconds"] <= 3600 for token in tokens)


@EVERY
def test_the_pods_may_touch_their_own_leases_and_nothing_else(composition: Composition) -> None:
    rendered = composition.rendered()
    for role in rendered.of("Role"):
        settings = rendered.settings
        by_name, creation = role["rules"]
        assert {tuple(rule["apiGroups"] + rule["resources"]) for rule in role["rules"]} == {
            ("coordination.k8s.io", "leases")
        }
        assert (by_name["verbs"], creation["verbs"]) == (["get", "update"], ["create"])
        assert all(name.startswith(settings["LEASE_NAME"]) for name in by_name["resourceNames"])
        (binding,) = rendered.of("RoleBinding")
        assert binding["roleRef"]["name"] == role["metadata"]["name"]
        (subject,) = binding["subjects"]
        account = rendered.the("ServiceAccount")["metadata"]
        assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])
