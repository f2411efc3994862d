"""Each thing that can be wrong with Vault is said in one line that names what to look at."""

import secrets
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trustme

from tests.support.clocks.hand_clock import HandClock
from tests.support.samples.builders import CRM
from tests.support.servers.loopback_server import answering, loopback_server
from tests.support.servers.openbao import Admin, Corner, new_corner, running
from tests.support.servers.vault_sessions import Role, a_token_method, watched
from tests.support.stand_ins.fakes import zoho_location
from zoho_tokend.core.errors import VaultUnavailable
from zoho_tokend.core.model import Secret
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault.auth import AuthMethod
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.store import VaultStore

ANY_TOKEN = a_token_method(Secret("s.CANARYCANARYCANARYCANARY"))


@pytest.fixture
def server_of_its_own() -> Iterator[OpenBao]:
    """For a test that leaves it unusable."""
    yield from running(OpenBao())


async def complaint(address: str, ca_bundle: Path | None = None) -> str:
    """What opening a session there fails with."""
    async with watched(address, ANY_TOKEN, ca_bundle=ca_bundle) as vault:
        with pytest.raises(VaultUnavailable) as trouble:
            await vault.session.open()
        assert "CANARY" not in str(trouble.value) + repr(vault.events)
        assert trouble.value.__cause__ is trouble.value.__context__ is None
        return str(trouble.value)


async def test_a_sealed_vault_is_called_sealed(server_of_its_own: OpenBao) -> None:
    with closing(Admin(server_of_its_own)) as root:
        root.ask("POST", "sys/seal")

    assert await complaint(server_of_its_own.address) == f"Vault at {server_of_its_own.address} is sealed"


async def test_a_vault_that_does_not_run_is_said_to_be_unreachable() -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"

        assert await complaint(address) == f"no connection to Vault at {address}: check VAULT_ADDR, and whether it runs"


async def test_a_standby_that_redirects_is_not_followed() -> None:
    async with loopback_server(answering("200 OK", b"{}")) as elsewhere:
        redirect = answering("307 Temporary Redirect", headers={"Location": elsewhere.origin})
        async with loopback_server(redirect) as standby:
            assert "VAULT_ADDR at the active node" in await complaint(standby.origin)

        assert elsewhere.received == []


async def test_something_that_is_no_vault_is_said_to_be_none() -> None:
    async with loopback_server(answering("200 OK", b"<html>CANARY</html>")) as website:
        assert "does not answer as Vault does" in await complaint(website.origin)


async def test_a_rate_limit_tells_when_to_come_back() -> None:
    limit = answering("429 Too Many Requests", b'{"errors":["CANARY"]}', {"Retry-After": "7"})
    async with loopback_server(limit) as server, watched(server.origin, ANY_TOKEN) as vault:
        with pytest.raises(VaultUnavailable, match="limits the rate") as trouble:
            await vault.session.open()

    assert trouble.value.retry_after is not None
    assert trouble.value.retry_after.total_seconds() == 7


async def test_the_proxies_of_the_environment_are_not_asked(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")

    async with Role(corner).session() as vault:
        assert vault.session.alive


async def test_the_right_ca_bundle_is_trusted_whatever_the_environment_says(
    tls_openbao: OpenBao, tls_corner: Corner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    auth = a_token_method(tls_corner.admin.token("default"))

    async with watched(tls_openbao.address, auth, ca_bundle=tls_openbao.ca_bundle) as vault:
        await vault.session.open()

        assert vault.session.alive


async def test_the_wrong_ca_bundle_is_named(tls_openbao: OpenBao, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))

    assert f"{tmp_path / 'other.pem'} (VAULT_CACERT)" in await complaint(tls_openbao.address, tmp_path / "other.pem")


async def test_a_ca_bundle_that_is_not_given_is_asked_for(tls_openbao: OpenBao) -> None:
    assert "VAULT_CACERT is not set" in await complaint(tls_openbao.address)


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["is not there", "holds no certificate"])
async def test_a_ca_bundle_is_named_that(tls_openbao: OpenBao, tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "ca.pem").write_text(content)

    assert "VAULT_CACERT" in await complaint(tls_openbao.address, tmp_path / "ca.pem")


async def test_a_certificate_for_another_name_is_told_apart(tmp_path: Path) -> None:
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("vault.example").configure_cert(tls)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    async with loopback_server(answering(), tls=tls) as server:
        assert "is for another name" in await complaint(server.origin, tmp_path / "ca.pem")


async def test_https_to_a_server_without_tls_is_told(corner: Corner) -> None:
    address = corner.address.replace("http://", "https://")

    assert await complaint(address) == f"{address} does not speak TLS: check VAULT_ADDR, http or https"


async def test_http_to_a_server_with_tls_is_told(tls_openbao: OpenBao) -> None:
    assert "check VAULT_ADDR, http or https" in await complaint(tls_openbao.address.replace("https://", "http://"))


class TestMounts:
    """A wrong mount must not look like one without records."""

    @staticmethod
    async def names(corner: Corner, layout: Layout) -> str:
        async with watched(corner.address, a_token_method(corner.admin.server.root_token)) as vault:
            await vault.session.open()
            store = VaultStore(vault.session, layout, clock=HandClock(), location_of=zoho_location)
            with pytest.raises(VaultUnavailable) as trouble:
                await store.names()
            return str(trouble.value)

    async def test_a_mount_of_kv_version_1_is_named(self, corner: Corner) -> None:
        mount = f"kv1-{secrets.token_hex(4)}"
        corner.admin.ask("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": "1"}})

        assert f"the mount {mount} is not KV version 2: check MOUNT" in await self.names(corner, Layout(mount=mount))

    async def test_a_mount_that_is_not_there_is_named(self, corner: Corner) -> None:
        assert "nowhere" in await self.names(corner, Layout(mount="nowhere"))

    async def test_a_tokens_mount_of_kv_version_1_is_named(self, corner: Corner) -> None:
        mount = f"kv1-{secrets.token_hex(4)}"
        corner.admin.ask("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": "1"}})
        layout = Layout(mount=corner.mount, tokens_mount=mount)

        assert f"the mount {mount} is not KV version 2: check TOKENS_MOUNT" in await self.names(corner, layout)


async def test_token_records_may_live_in_a_mount_of_their_own(corner: Corner) -> None:
    tokens = new_corner(corner.admin)
    tokens.put("tokens/crm-prod", hello="world")
    layout = Layout(mount=corner.mount, tokens_mount=tokens.mount)

    async with watched(corner.address, a_token_method(corner.admin.server.root_token)) as vault:
        await vault.session.open()
        store = VaultStore(vault.session, layout, clock=HandClock(), location_of=zoho_location)

        assert (await store.published(CRM)).version == 1
        assert await store.unwritable({CRM}) == frozenset()


@pytest.mark.parametrize("capabilities", ["create", "update", "read"])
async def test_the_right_to_write_needs_both_create_and_update(corner: Corner, capabilities: str) -> None:
    policy = corner.admin.policy(f'path "{corner.mount}/data/*" {{ capabilities = ["{capabilities}"] }}')
    async with watched(corner.address, a_token_method(corner.admin.token(policy))) as vault:
        await vault.session.open()
        store = VaultStore(vault.session, corner.layout, clock=HandClock(), location_of=zoho_location)

        assert await store.unwritable({CRM}) == {CRM}


class TestNamespaces:
    @pytest.fixture
    def namespace(self, admin: Admin) -> str:
        """A namespace with a KV v2 mount ``kv``."""
        name = f"team-{secrets.token_hex(4)}"
        admin.ask("POST", f"sys/namespaces/{name}", {})
        admin.ask("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}}, X_Vault_Namespace=name)
        admin.ask("POST", "kv/data/zoho/credentials/crm-prod", {"data": {"a": "b"}}, X_Vault_Namespace=name)
        return name

    async def test_records_and_login_are_sought_in_the_namespace(self, corner: Corner, namespace: str) -> None:
        rules = {"policy": 'path "kv/*" { capabilities = ["list", "read"] }'}
        corner.admin.ask("PUT", "sys/policies/acl/reader", rules, X_Vault_Namespace=namespace)
        made = corner.admin.ask("POST", "auth/token/create", {"policies": ["reader"]}, X_Vault_Namespace=namespace)
        auth = made["auth"]
        assert isinstance(auth, dict)

        await self.finds_it(corner, a_token_method(Secret(auth["client_token"])), namespace=namespace)

    @staticmethod
    async def finds_it(corner: Corner, auth: AuthMethod, *, namespace: str) -> None:
        async with watched(corner.address, auth, namespace=namespace) as vault:
            await vault.session.open()
            store = VaultStore(vault.session, Layout(mount="kv"), clock=HandClock(), location_of=zoho_location)

            assert (await store.names()).names == {"crm-prod"}
