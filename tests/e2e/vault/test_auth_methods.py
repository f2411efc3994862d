"""Each way to log in, against a real server."""

import json
import secrets
import ssl
import time
from datetime import timedelta
from pathlib import Path

import jwt as pyjwt
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.clocks.hand_clock import HandClock
from tests.support.servers.loopback_server import Behaviour, answering, loopback_server
from tests.support.servers.openbao import Admin, Corner
from tests.support.servers.vault_sessions import a_token_method, watched
from zoho_tokend.core.errors import VaultLoginRefused
from zoho_tokend.core.events import LoginOutcome, VaultOperation, VaultOutcome
from zoho_tokend.core.model import Secret
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault.auth import AppRole, AuthMethod, Cert, Jwt, Kubernetes, TokenFile
from zoho_tokend.vault.secret_file import Given, SecretFile
from zoho_tokend.vault.session import Session

SIGNING_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def mount() -> str:
    """A name for an auth method of the test's own."""
    return f"auth-{secrets.token_hex(4)}"


async def can_read(session: Session, corner: Corner) -> bool:
    corner.put("clients/any", client_id="1000.ABC")
    answer = await session.ask(corner.layout.client("any").read())
    return answer.outcome is VaultOutcome.OK


def is_alive(admin: Admin, token: Secret) -> bool:
    """Root can look up any token that lives."""
    return admin.succeeds("POST", "auth/token/lookup", {"token": token.reveal()})


def accessors(admin: Admin) -> set[str]:
    data = admin.ask("LIST", "auth/token/accessors")["data"]
    assert isinstance(data, dict)
    return set(data["keys"])


class TestToken:
    async def test_a_token_of_the_settings_works_and_outlives_the_daemon(self, corner: Corner) -> None:
        token = corner.admin.token(corner.policy)

        async with watched(corner.address, a_token_method(token)) as vault:
            await vault.session.open()
            assert await can_read(vault.session, corner)

        assert is_alive(corner.admin, token)
        assert vault.asked(VaultOperation.REVOKE_SELF) == 0

    async def test_a_wrong_token_is_refused_and_its_setting_named(self, corner: Corner) -> None:
        async with watched(corner.address, a_token_method(Secret("s.wrongwrongwrongwrongwron"))) as vault:
            with pytest.raises(VaultLoginRefused, match="VAULT_TOKEN") as refused:
                await vault.session.open()

        assert "wrongwrong" not in str(refused.value)


class TestTokenFile:
    async def test_a_token_file_is_read_again_when_it_changes(self, corner: Corner, tmp_path: Path) -> None:
        file = tmp_path / "sink"
        file.write_text(corner.admin.token("default").reveal() + "\n")
        auth = TokenFile(file=SecretFile(file, "VAULT_TOKEN_FILE"))

        async with watched(corner.address, auth) as vault:
            await vault.session.open()
            await vault.session.upkeep()
            assert len(vault.logins) == 1
            (tmp_path / "new").write_text(corner.admin.token(corner.policy).reveal())
            (tmp_path / "new").replace(file)
            await vault.session.upkeep()

            assert len(vault.logins) == 2
            assert await can_read(vault.session, corner)

    async def test_a_bad_token_in_the_file_leaves_the_old_one_at_work_and_is_not_tried_all_the_time(
        self, corner: Corner, tmp_path: Path
    ) -> None:
        file, clock = tmp_path / "sink", HandClock()
        file.write_text(corner.admin.token(corner.policy).reveal())

        async with watched(corner.address, TokenFile(file=SecretFile(file, "VAULT_TOKEN_FILE")), clock=clock) as vault:
            await vault.session.open()
            (tmp_path / "new").write_text("s.wrongwrongwrongwrongwron")
            (tmp_path / "new").replace(file)
            for _ in range(4):
                await vault.session.upkeep()
                clock.pass_by(timedelta(seconds=1))

            assert vault.logins[1:] == [LoginOutcome.REFUSED] * 3  # at 0, 1 and 3 s
            assert await can_read(vault.session, corner)

    async def test_its_token_is_neither_renewed_nor_revoked(self, corner: Corner, tmp_path: Path) -> None:
        token = corner.admin.token(corner.policy, ttl="1h", renewable=True)
        (tmp_path / "sink").write_text(token.reveal())
        auth, clock = TokenFile(file=SecretFile(tmp_path / "sink", "VAULT_TOKEN_FILE")), HandClock()

        async with watched(corner.address, auth, clock=clock) as vault:
            await vault.session.open()
            clock.pass_by(timedelta(minutes=50))
            await vault.session.upkeep()

        assert vault.asked(VaultOperation.RENEW_SELF) == vault.asked(VaultOperation.REVOKE_SELF) == 0
        assert is_alive(corner.admin, token)

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            pytest.param(None, "cannot be read", id="is not there"),
            pytest.param("\n", "is empty", id="is empty"),
            pytest.param("s.one\ns.two", "holds white space", id="holds two tokens"),
        ],
    )
    async def test_a_file_that_is_refused(
        self, corner: Corner, tmp_path: Path, content: str | None, problem: str
    ) -> None:
        if content is not None:
            (tmp_path / "sink").write_text(content)

        async with watched(corner.address, TokenFile(file=SecretFile(tmp_path / "sink", "VAULT_TOKEN_FILE"))) as vault:
            with pytest.raises(VaultLoginRefused, match=f"VAULT_TOKEN_FILE.*{problem}"):
                await vault.session.open()


class TestAppRole:
    @pytest.fixture
    def role(self, corner: Corner, mount: str) -> str:
        corner.admin.ask("POST", f"sys/auth/{mount}", {"type": "approle"})
        corner.admin.ask("POST", f"auth/{mount}/role/tokend", {"token_policies": [corner.policy], "token_ttl": "1h"})
        return f"auth/{mount}/role/tokend"

    @staticmethod
    def role_id(corner: Corner, role: str) -> Secret:
        return Secret(corner.admin.text("GET", f"{role}/role-id", "data", "role_id"))

    @staticmethod
    def secret_id(corner: Corner, role: str) -> Secret:
        return Secret(corner.admin.text("POST", f"{role}/secret-id", "data", "secret_id"))

    @staticmethod
    def wrapped(corner: Corner, path: str) -> Secret:
        answer = corner.admin.ask("POST", path, {"other": "thing"}, X_Vault_Wrap_TTL="60")["wrap_info"]
        assert isinstance(answer, dict)
        return Secret(answer["token"])

    def method(self, corner: Corner, role: str, secret_id: Secret, mount: str) -> AppRole:
        return AppRole(
            role_id=Given(self.role_id(corner, role), "VAULT_ROLE_ID"),
            secret_id=Given(secret_id, "VAULT_SECRET_ID"),
            mount=mount,
        )

    async def test_its_token_is_revoked_when_the_session_closes(self, corner: Corner, role: str, mount: str) -> None:
        before = accessors(corner.admin)

        async with watched(corner.address, self.method(corner, role, self.secret_id(corner, role), mount)) as vault:
            await vault.session.open()
            assert await can_read(vault.session, corner)
            assert len(accessors(corner.admin) - before) == 1

        assert accessors(corner.admin) <= before

    async def test_both_ids_may_lie_in_files(self, corner: Corner, role: str, mount: str, tmp_path: Path) -> None:
        (tmp_path / "role").write_text(self.role_id(corner, role).reveal() + "\n")
        (tmp_path / "secret").write_text(self.secret_id(corner, role).reveal() + "\n")
        auth = AppRole(
            role_id=SecretFile(tmp_path / "role", "VAULT_ROLE_ID_FILE"),
            secret_id=SecretFile(tmp_path / "secret", "VAULT_SECRET_ID_FILE"),
            mount=mount,
        )

        async with watched(corner.address, auth) as vault:
            await vault.session.open()

            assert vault.session.alive

    async def test_a_wrong_secret_id_is_refused_and_not_told(self, corner: Corner, role: str, mount: str) -> None:
        async with watched(corner.address, self.method(corner, role, Secret("CANARY-id"), mount)) as vault:
            with pytest.raises(VaultLoginRefused, match="VAULT_SECRET_ID") as refused:
                await vault.session.open()

        assert "CANARY" not in str(refused.value) + repr(vault.events)

    async def test_a_wrapped_secret_id_serves_for_every_later_login(
        self, corner: Corner, role: str, mount: str
    ) -> None:
        auth = self.method(corner, role, self.wrapped(corner, f"{role}/secret-id"), mount)

        for _ in range(2):
            async with watched(corner.address, auth) as vault:
                await vault.session.open()
                assert await can_read(vault.session, corner)

    async def test_a_wrapped_secret_id_that_was_unwrapped_before_raises_the_alarm(
        self, corner: Corner, role: str, mount: str
    ) -> None:
        wrapping_token = self.wrapped(corner, f"{role}/secret-id")
        corner.admin.ask("POST", "sys/wrapping/unwrap", {"token": wrapping_token.reveal()})

        async with watched(corner.address, self.method(corner, role, wrapping_token, mount)) as vault:
            with pytest.raises(VaultLoginRefused, match="intercepted"):
                await vault.session.open()

    async def test_a_wrapping_token_from_elsewhere_is_left_alone(self, corner: Corner, role: str, mount: str) -> None:
        swapped = self.wrapped(corner, "sys/wrapping/wrap")

        async with watched(corner.address, self.method(corner, role, swapped, mount)) as vault:
            with pytest.raises(VaultLoginRefused, match="swapped"):
                await vault.session.open()

        assert corner.admin.ask("POST", "sys/wrapping/unwrap", {"token": swapped.reveal()})["data"] == {
            "other": "thing"
        }


def a_jwt(**claims: object) -> str:
    now = int(time.clock_gettime(time.CLOCK_REALTIME))
    return pyjwt.encode({"iat": now, "exp": now + 600, "aud": ["vault"], **claims}, SIGNING_KEY, algorithm="RS256")


class TestJwt:
    @pytest.fixture
    def jwt_mount(self, corner: Corner, mount: str) -> str:
        public = SIGNING_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        role = {
            "role_type": "jwt",
            "user_claim": "sub",
            "bound_audiences": ["vault"],
            "token_policies": [corner.policy],
        }
        corner.admin.ask("POST", f"sys/auth/{mount}", {"type": "jwt"})
        corner.admin.ask("POST", f"auth/{mount}/config", {"jwt_validation_pubkeys": [public]})
        corner.admin.ask("POST", f"auth/{mount}/role/tokend", role)
        return mount

    async def test_a_signed_token_logs_in(self, corner: Corner, jwt_mount: str, tmp_path: Path) -> None:
        (tmp_path / "jwt").write_text(a_jwt(sub="tokend"))
        auth = Jwt(role="tokend", jwt=SecretFile(tmp_path / "jwt", "VAULT_JWT_FILE"), mount=jwt_mount)

        async with watched(corner.address, auth) as vault:
            await vault.session.open()

            assert await can_read(vault.session, corner)

    @pytest.mark.parametrize(
        ("role", "claims"),
        [
            pytest.param("nobody", {}, id="for a role that is not there"),
            pytest.param("tokend", {"aud": ["other"]}, id="for another audience"),
            pytest.param("tokend", {"exp": 1}, id="after its end"),
        ],
    )
    async def test_a_signed_token_is_refused(
        self, corner: Corner, jwt_mount: str, role: str, claims: dict[str, object]
    ) -> None:
        jwt = Given(Secret(a_jwt(sub="tokend", **claims)), "VAULT_JWT_FILE")

        async with watched(corner.address, Jwt(role=role, jwt=jwt, mount=jwt_mount)) as vault:
            with pytest.raises(VaultLoginRefused, match="VAULT_ROLE, VAULT_JWT_FILE"):
                await vault.session.open()


SERVICE_ACCOUNT = {"namespace": "zoho", "serviceaccount": {"name": "tokend", "uid": "invented-uid"}}


def a_review(*, authenticated: bool) -> Behaviour:
    """The cluster's answer to a TokenReview; the server then has no connection left to hold on to."""
    user = {"username": "system:serviceaccount:zoho:tokend", "uid": "invented-uid", "groups": []}
    status = {"authenticated": authenticated, "user": user, "audiences": ["vault"]}
    body = json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}).encode()
    return answering("201 Created", body, {"Content-Type": "application/json", "Connection": "close"})


class TestKubernetes:
    """The test is the cluster: it serves the TokenReview endpoint."""

    AUTHORITY = trustme.CA()

    def tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
        return context

    def configure(self, corner: Corner, mount: str, cluster: str) -> None:
        config = {
            "kubernetes_host": cluster,
            "kubernetes_ca_cert": self.AUTHORITY.cert_pem.bytes().decode(),
            "disable_local_ca_jwt": True,
        }
        role = {
            "bound_service_account_names": ["tokend"],
            "bound_service_account_namespaces": ["zoho"],
            "audience": "vault",
            "token_policies": [corner.policy],
        }
        corner.admin.ask("POST", f"sys/auth/{mount}", {"type": "kubernetes"})
        corner.admin.ask("POST", f"auth/{mount}/config", config)
        corner.admin.ask("POST", f"auth/{mount}/role/tokend", role)

    async def test_the_pods_token_is_read_anew_for_every_login(
        self, corner: Corner, mount: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "token"
        auth = Kubernetes(role="tokend", jwt=SecretFile(file, "VAULT_JWT_FILE"), mount=mount)
        reviewed = a_review(authenticated=True)
        projected = [a_jwt(sub="tokend", jti=number, **{"kubernetes.io": SERVICE_ACCOUNT}) for number in "12"]

        async with loopback_server(reviewed, tls=self.tls()) as cluster:
            self.configure(corner, mount, cluster.origin)
            for token in projected:
                file.write_text(token)
                async with watched(corner.address, auth) as vault:
                    await vault.session.open()
                    assert await can_read(vault.session, corner)

            assert [json.loads(review.body)["spec"]["token"] for review in cluster.received] == projected

    async def test_a_token_that_the_cluster_does_not_know_is_refused(self, corner: Corner, mount: str) -> None:
        jwt = Given(Secret(a_jwt(sub="tokend", **{"kubernetes.io": SERVICE_ACCOUNT})), "VAULT_JWT_FILE")
        denied = a_review(authenticated=False)

        async with loopback_server(denied, tls=self.tls()) as cluster:
            self.configure(corner, mount, cluster.origin)
            async with watched(corner.address, Kubernetes(role="tokend", jwt=jwt, mount=mount)) as vault:
                with pytest.raises(VaultLoginRefused, match="VAULT_ROLE, VAULT_JWT_FILE"):
                    await vault.session.open()

    async def test_a_role_that_is_not_there_is_refused(self, corner: Corner, mount: str) -> None:
        jwt = Given(Secret(a_jwt(sub="tokend", **{"kubernetes.io": SERVICE_ACCOUNT})), "VAULT_JWT_FILE")
        self.configure(corner, mount, "https://127.0.0.1:1")

        async with watched(corner.address, Kubernetes(role="nobody", jwt=jwt, mount=mount)) as vault:
            with pytest.raises(VaultLoginRefused, match="VAULT_ROLE"):
                await vault.session.open()


class TestCert:
    @pytest.fixture
    def files(self, tmp_path: Path) -> tuple[trustme.CA, tuple[Path, Path]]:
        """An authority, and the files of a certificate and key that it issued."""
        authority = trustme.CA()
        issued = authority.issue_cert("tokend.example", common_name="tokend")
        certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        return authority, (certificate, key)

    async def test_a_certificate_logs_in_over_tls(
        self, tls_openbao: OpenBao, tls_corner: Corner, mount: str, files: tuple[trustme.CA, tuple[Path, Path]]
    ) -> None:
        authority, certificate = files
        role = {"certificate": authority.cert_pem.bytes().decode(), "token_policies": [tls_corner.policy]}
        tls_corner.admin.ask("POST", f"sys/auth/{mount}", {"type": "cert"})
        tls_corner.admin.ask("POST", f"auth/{mount}/certs/tokend", role)
        auth = Cert(role="tokend", mount=mount)

        async with watched(
            tls_openbao.address, auth, ca_bundle=tls_openbao.ca_bundle, client_certificate=certificate
        ) as vault:
            await vault.session.open()

            assert await can_read(vault.session, tls_corner)

    async def test_a_certificate_of_another_authority_is_refused(
        self, tls_openbao: OpenBao, tls_corner: Corner, mount: str, files: tuple[trustme.CA, tuple[Path, Path]]
    ) -> None:
        _, certificate = files
        role = {"certificate": trustme.CA().cert_pem.bytes().decode(), "token_policies": [tls_corner.policy]}
        tls_corner.admin.ask("POST", f"sys/auth/{mount}", {"type": "cert"})
        tls_corner.admin.ask("POST", f"auth/{mount}/certs/tokend", role)

        async with watched(
            tls_openbao.address, Cert(mount=mount), ca_bundle=tls_openbao.ca_bundle, client_certificate=certificate
        ) as vault:
            with pytest.raises(VaultLoginRefused, match="VAULT_CLIENT_CERT"):
                await vault.session.open()


@pytest.mark.parametrize(
    "auth",
    [
        pytest.param(Jwt(role="r", jwt=Given(Secret("a.b.c"), "VAULT_JWT_FILE"), mount="not-there"), id="jwt"),
        pytest.param(
            AppRole(role_id=Given(Secret("r"), "VAULT_ROLE_ID"), secret_id=None, mount="not-there"), id="approle"
        ),
    ],
)
async def test_a_mount_that_is_not_there_is_refused_and_named(corner: Corner, auth: AuthMethod) -> None:
    async with watched(corner.address, auth) as vault:
        with pytest.raises(VaultLoginRefused, match=r"auth/not-there/login.*VAULT_AUTH_MOUNT"):
            await vault.session.open()
