"""The settings that the pods of `deploy/` start with are settings that the daemon takes, and say what the pods are."""

from collections import Counter
from pathlib import Path

import pytest

from tests.support.documents.manifests import COMPOSITIONS, Composition
from tests.support.processes.kubelet import Kubelet
from zoho_tokend.app.wiring import lease_name, own_shard
from zoho_tokend.settings import Settings, load_settings
from zoho_tokend.settings.model import DOCUMENTED

EVERY = pytest.mark.parametrize("composition", COMPOSITIONS, ids=str)
# What must be in the cluster beforehand: each is made by a command or a file of docs/operations.md.
CLUSTER = {
    ("Secret", "zoho-tokend-vault"): {"token": "invented"},
    ("Secret", "zoho-tokend-approle"): {"role-id": "invented", "secret-id": "invented"},
    ("ConfigMap", "vault-ca"): {"ca.crt": "invented"},
    ("ConfigMap", "kube-root-ca.crt"): {"ca.crt": "invented"},
}


def started(composition: Composition, folder: Path, *, number: int = 0) -> Settings:
    """The settings of the daemon in the pod of this number."""
    return load_settings(Kubelet(composition.rendered(), folder, CLUSTER, number).environment())


@EVERY
def test_the_daemon_takes_the_settings(composition: Composition, tmp_path: Path) -> None:
    settings = started(composition, tmp_path)
    assert settings.log_format == "json"


@EVERY
def test_every_setting_is_one_of_the_readme(composition: Composition, tmp_path: Path) -> None:
    environment = Kubelet(composition.rendered(), tmp_path, CLUSTER).environment()
    assert {name.removeprefix("ZOHO_TOKEND_") for name in environment} <= DOCUMENTED.keys()


@EVERY
def test_it_listens_on_the_port_that_the_container_opens_and_where_the_kubelet_can_reach_it(
    composition: Composition, tmp_path: Path
) -> None:
    (port,) = composition.rendered().container["ports"]
    listen = started(composition, tmp_path).listen
    assert (listen.host, listen.port) == ("0.0.0.0", port["containerPort"])


@EVERY
def test_it_logs_in_as_its_overlay_says_and_no_secret_stands_in_its_environment(
    composition: Composition, tmp_path: Path
) -> None:
    settings = started(composition, tmp_path)
    expected = {"dev": "token-file", "kubernetes-auth": "kubernetes", "approle": "approle"}
    assert settings.vault_auth == expected[composition.folder.removeprefix("overlays/")]
    secrets = [name for name, documented in DOCUMENTED.items() if documented.secret]
    assert secrets
    assert all(getattr(settings, name.lower()) is None for name in secrets)


@EVERY
def test_only_to_try_it_out_is_there_a_vault_without_https(composition: Composition, tmp_path: Path) -> None:
    settings = started(composition, tmp_path)
    assert bool(settings.warnings) is (composition.folder == "overlays/dev")


def test_vault_is_shown_a_token_that_is_good_for_vault_alone(tmp_path: Path) -> None:
    composition = Composition("overlays/kubernetes-auth")
    settings = load_settings(Kubelet(composition.rendered(), tmp_path, CLUSTER, token="for {}".format).environment())
    assert settings.vault_jwt_file.read_text() == "for vault"


@EVERY
def test_a_vault_that_is_named_is_vouched_for_by_the_file_that_is_mounted(
    composition: Composition, tmp_path: Path
) -> None:
    settings = started(composition, tmp_path)
    assert (settings.vault_cacert is not None) is ("vault-ca" in composition.components)


@pytest.mark.parametrize("composition", [one for one in COMPOSITIONS if "sharded" in one.components], ids=str)
def test_every_shard_has_a_leader_and_a_standby(composition: Composition, tmp_path: Path) -> None:
    numbers = range(composition.rendered().workload["spec"]["replicas"])
    pods = [started(composition, tmp_path / str(number), number=number) for number in numbers]
    assert {settings.shards for settings in pods} == {2}
    assert Counter(own_shard(settings).number for settings in pods) == {0: 2, 1: 2}


@EVERY
def test_the_role_names_the_lease_of_every_pod(composition: Composition, tmp_path: Path) -> None:
    rendered = composition.rendered()
    if started(composition, tmp_path).leader_election == "kubernetes":
        by_name, _creation = rendered.the("Role")["rules"]
        numbers = range(rendered.workload["spec"]["replicas"])
        wanted = {lease_name(started(composition, tmp_path / str(number), number=number)) for number in numbers}
        assert wanted <= set(by_name["resourceNames"])
