"""The network policies of `deploy/`, judged as a cluster judges a connection of one of our pods."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.documents.manifests import Composition, Object, Rendered
from zoho_tokend.zoho.datacenters import DATA_CENTERS

ALONE = Composition("overlays/dev", ("networkpolicy",))
CONTAINER_PORT = "http"


@dataclass(frozen=True)
class Peer:
    """Whom a connection is with: a pod, or an address outside of the cluster."""

    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    address: str = ""

    def fits(self, where: Object) -> bool:
        if "ipBlock" in where:
            return bool(self.address) and self._within(where["ipBlock"])
        names = {"kubernetes.io/metadata.name": self.namespace}
        in_namespace = _selected(where.get("namespaceSelector"), names)
        return not self.address and in_namespace and _selected(where.get("podSelector"), self.labels)

    def _within(self, block: Object) -> bool:
        address = ipaddress.ip_address(self.address)
        inside = [address in ipaddress.ip_network(cidr) for cidr in (block["cidr"], *block.get("except", ()))]
        return inside[0] and not any(inside[1:])


def _selected(selector: Object | None, labels: dict[str, str]) -> bool:
    return selector is None or selector["matchLabels"].items() <= labels.items()


def policies(rendered: Rendered) -> Sequence[Object]:
    """Those that are about our pods; https://kubernetes.io/docs/concepts/services-networking/network-policies/."""
    labels = rendered.template["metadata"]["labels"]
    return [
        policy["spec"] for policy in rendered.of("NetworkPolicy") if _selected(policy["spec"]["podSelector"], labels)
    ]


def allows(rendered: Rendered, way: str, peer: Peer, port: int | str, protocol: str = "TCP") -> bool:
    """Whether one of the policies names the connection; `way` is "to" or "from"."""
    kind = {"to": "egress", "from": "ingress"}[way]
    about = [spec for spec in policies(rendered) if kind.capitalize() in spec["policyTypes"]]
    assert about, f"no policy is about {kind}, so that everything is allowed"
    wanted: dict[str, Any] = {"protocol": protocol, "port": port}
    return any(
        wanted in rule["ports"] and any(peer.fits(where) for where in rule[way])
        for spec in about
        for rule in spec.get(kind, ())
    )


DNS = Peer("kube-system", {"k8s-app": "kube-dns"})
VAULT = Peer("vault", {"app.kubernetes.io/name": "vault"})
ZOHO = Peer(address="136.143.190.1")
ZOHO_6 = Peer(address="2404:6800::1")
PROMETHEUS = Peer("monitoring", {"app.kubernetes.io/name": "prometheus"})
API_SERVER = Peer(address="10.0.0.10")
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html, and others like it.
METADATA = Peer(address="169.254.169.254")
METADATA_6 = Peer(address="fd00:ec2::254")
STRANGER = Peer("default", {"app": "stranger"})


@pytest.mark.parametrize(
    ("peer", "port", "protocol"),
    [
        pytest.param(DNS, 53, "UDP", id="names are looked up"),
        pytest.param(DNS, 53, "TCP", id="long answers too"),
        pytest.param(VAULT, 8200, "TCP", id="Vault"),
        pytest.param(ZOHO, 443, "TCP", id="Zoho"),
        pytest.param(ZOHO_6, 443, "TCP", id="Zoho by IPv6"),
    ],
)
def test_the_daemon_reaches(peer: Peer, port: int, protocol: str) -> None:
    assert allows(ALONE.rendered(), "to", peer, port, protocol)


@pytest.mark.parametrize(
    ("peer", "port"),
    [
        pytest.param(STRANGER, 443, id="another pod by https"),
        pytest.param(STRANGER, 8200, id="another pod by Vault's port"),
        pytest.param(STRANGER, 53, id="another pod by the port of names"),
        pytest.param(Peer("kube-system", {"k8s-app": "metrics"}), 53, id="what else is beside the names"),
        pytest.param(ZOHO, 80, id="Zoho without TLS"),
        pytest.param(API_SERVER, 443, id="Kubernetes itself"),
        pytest.param(API_SERVER, 6443, id="Kubernetes itself by its other port"),
        pytest.param(Peer(address="192.168.1.1"), 443, id="a private address"),
        pytest.param(Peer(address="172.20.0.1"), 443, id="another private address"),
        pytest.param(Peer(address="100.64.0.1"), 443, id="a shared address"),
        pytest.param(METADATA, 443, id="the cloud's metadata"),
        pytest.param(METADATA_6, 443, id="the cloud's metadata by IPv6"),
        pytest.param(Peer(address="fe80::1"), 443, id="a neighbour by IPv6"),
    ],
)
def test_the_daemon_does_not_reach(peer: Peer, port: int) -> None:
    assert not allows(ALONE.rendered(), "to", peer, port)


@pytest.mark.parametrize("overlay", ["kubernetes-auth", "approle"])
def test_a_pod_that_takes_part_in_an_election_reaches_kubernetes_too_and_no_more(overlay: str) -> None:
    rendered = Composition(f"overlays/{overlay}").rendered()
    assert all(allows(rendered, "to", API_SERVER, port) for port in (443, 6443))
    assert not allows(rendered, "to", API_SERVER, 22)
    assert not any(allows(rendered, "to", METADATA, port) for port in (80, 443, 6443))
    assert not any(allows(rendered, "to", METADATA_6, port) for port in (80, 443, 6443))
    assert not allows(rendered, "to", STRANGER, 443)


def test_every_accounts_server_of_zohos_own_is_reached_by_the_one_port_that_is_open() -> None:
    assert {(center.accounts_server.scheme, center.accounts_server.port) for center in DATA_CENTERS} == {("https", 443)}


def test_prometheus_reaches_the_daemon_and_nobody_else_does() -> None:
    rendered = ALONE.rendered()
    assert rendered.container["ports"][0]["name"] == CONTAINER_PORT
    assert allows(rendered, "from", PROMETHEUS, CONTAINER_PORT)
    assert not allows(rendered, "from", STRANGER, CONTAINER_PORT)
    assert not allows(rendered, "from", Peer(address="203.0.113.7"), CONTAINER_PORT)


def test_the_vault_that_may_be_reached_is_that_of_the_settings() -> None:
    for overlay in ("kubernetes-auth", "approle"):
        rendered = Composition(f"overlays/{overlay}").rendered()
        (settings,) = rendered.of("ConfigMap")
        assert settings["data"]["VAULT_ADDR"] == "https://vault.vault.svc:8200"
        assert allows(rendered, "to", VAULT, 8200)


def test_one_policy_denies_everything_that_no_other_names() -> None:
    (denial,) = (spec for spec in policies(ALONE.rendered()) if spec.keys() == {"podSelector", "policyTypes"})
    assert set(denial["policyTypes"]) == {"Ingress", "Egress"}
