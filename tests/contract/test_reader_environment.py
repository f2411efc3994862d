"""How a reader finds Vault when it is given nothing but the environment."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.places.reader_site import Shelves
from tests.support.places.reading import READERS, Reading
from tests.support.servers.openbao import Corner
from zoho_tokend.reader import NotAllowed, NotConfigured, VaultUnreachable
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.policy import reader_policy

Kind = Callable[..., Reading]

VARIABLES = ("VAULT_ADDR", "VAULT_TOKEN", "VAULT_NAMESPACE", "VAULT_CACERT")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "ZOHO_TOKEND_MOUNT", "ZOHO_TOKEND_TOKENS_MOUNT", "ZOHO_TOKEND_PREFIX"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=READERS, ids=["threads", "tasks"])
def kind(request: pytest.FixtureRequest) -> Kind:
    kind: Kind = request.param
    return kind


@pytest.fixture
def job(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a job at a corner where a token stands."""
    shelves = Shelves(corner)
    shelves.publish()
    monkeypatch.setenv("VAULT_ADDR", corner.address)
    monkeypatch.setenv("VAULT_TOKEN", shelves.vault_token().reveal())
    monkeypatch.setenv("ZOHO_TOKEND_MOUNT", corner.mount)
    return monkeypatch


def test_vaults_own_variables_and_the_daemons_are_enough(kind: Kind, job: object) -> None:
    del job
    with closing(kind()) as reader:
        assert reader.get("crm-prod").connection == "crm-prod"


def test_a_proxy_that_is_meant_for_others_is_not_asked(kind: Kind, job: pytest.MonkeyPatch) -> None:
    job.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with closing(kind()) as reader:
        assert reader.get("crm-prod").connection == "crm-prod"


def test_without_an_address_the_variable_is_named(kind: Kind) -> None:
    with pytest.raises(NotConfigured, match="VAULT_ADDR is not set"):
        kind()


def test_without_a_token_the_variable_is_named(kind: Kind, job: pytest.MonkeyPatch) -> None:
    job.delenv("VAULT_TOKEN")
    with closing(kind()) as reader, pytest.raises(NotAllowed, match="set VAULT_TOKEN"):
        reader.get("crm-prod")


def test_a_server_with_an_authority_of_its_own_is_trusted_by_vault_cacert(
    kind: Kind, tls_corner: Corner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shelves = Shelves(tls_corner)
    shelves.publish()
    monkeypatch.setenv("VAULT_ADDR", tls_corner.address)
    monkeypatch.setenv("VAULT_TOKEN", shelves.vault_token().reveal())
    for bundle, complaint in {"": "check VAULT_CACERT", str(tmp_path / "missing.pem"): "cannot be read"}.items():
        monkeypatch.setenv("VAULT_CACERT", bundle)
        with closing(kind(mount=tls_corner.mount)) as reader, pytest.raises(VaultUnreachable, match=complaint):
            reader.get("crm-prod", timeout=timedelta())
    monkeypatch.setenv("VAULT_CACERT", str(tls_corner.admin.server.ca_bundle))
    with closing(kind(mount=tls_corner.mount)) as reader:
        assert reader.get("crm-prod").connection == "crm-prod"


def test_a_namespace_is_entered(kind: Kind, corner: Corner, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, name = corner.admin, f"team-{corner.mount}"
    inside = {"X_Vault_Namespace": name}
    admin.ask("POST", f"sys/namespaces/{name}", {})
    admin.ask("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}}, **inside)
    fields = Shelves(corner).publish()
    admin.ask("PUT", "sys/policies/acl/reader", {"policy": reader_policy(Layout(mount="kv"))}, **inside)
    admin.ask("POST", "kv/data/zoho/tokens/crm-prod", {"data": fields}, **inside)
    token = admin.ask("POST", "auth/token/create", {"policies": ["reader"]}, **inside)["auth"]
    assert isinstance(token, dict)
    monkeypatch.setenv("VAULT_ADDR", corner.address)
    monkeypatch.setenv("VAULT_TOKEN", token["client_token"])
    monkeypatch.setenv("VAULT_NAMESPACE", name)
    with closing(kind(mount="kv")) as reader:
        assert reader.get("crm-prod").access_token == fields["access_token"]
