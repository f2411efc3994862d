"""From the settings to Vault: the session, the records behind it, and the policy that decides."""

from pathlib import Path
from typing import Literal

from zoho_tokend.core.events import Sink
from zoho_tokend.core.model import Secret
from zoho_tokend.core.policy import Policy
from zoho_tokend.core.ports import Clock
from zoho_tokend.settings import Settings
from zoho_tokend.vault.auth import AppRole, AuthMethod, Cert, Jwt, Kubernetes, Token, TokenFile
from zoho_tokend.vault.client import VaultConfig
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.secret_file import Given, SecretFile, Source
from zoho_tokend.vault.session import Session
from zoho_tokend.vault.store import VaultStore
from zoho_tokend.zoho.datacenters import AccountsServers

Role = Literal["daemon", "operator", "reader"]
"""Who logs in at Vault: the command under ``zoho-tokend policy`` that prints what they need."""


def policy_of(settings: Settings) -> Policy:
    """How eagerly these settings have tokens replaced."""
    return Policy(
        refresh_at=settings.refresh_at,
        issues_per_ten_minutes=settings.issues_per_ten_minutes,
        sweep_interval=settings.sweep_interval,
    )


def vault(settings: Settings, *, clock: Clock, emit: Sink, role: Role = "daemon") -> tuple[Session, VaultStore]:
    """A session that is yet to be opened, and the records that are reached through it."""
    layout = layout_of(settings)
    session = Session(
        vault_config(settings), auth_method(settings), clock=clock, emit=emit, advice=_advice(settings, role)
    )
    return session, VaultStore(session, layout, clock=clock, location_of=AccountsServers().location)


def vault_config(settings: Settings) -> VaultConfig:
    """What it takes to reach Vault."""
    certificate, key = settings.vault_client_cert, settings.vault_client_key
    return VaultConfig(
        address=settings.vault_addr,
        namespace=settings.vault_namespace,
        ca_bundle=settings.vault_cacert,
        client_certificate=(certificate, key) if certificate and key else None,
        concurrency=settings.concurrency,
    )


def layout_of(settings: Settings) -> Layout:
    """Where the settings have the records lie."""
    return Layout(mount=settings.mount, prefix=settings.prefix, tokens_mount=settings.tokens_mount)


def auth_method(settings: Settings) -> AuthMethod:
    """How the settings say to log in; they have been checked to hold what it needs."""
    mount = {"mount": settings.vault_auth_mount} if settings.vault_auth_mount else {}
    role, jwt = settings.vault_role or "", SecretFile(settings.vault_jwt_file, "VAULT_JWT_FILE")
    match settings.vault_auth:
        case "token":
            return Token(token=_given("VAULT_TOKEN", settings.vault_token, None))
        case "token-file":
            return TokenFile(file=SecretFile(settings.vault_token_file or Path(), "VAULT_TOKEN_FILE"))
        case "approle":
            return AppRole(
                role_id=_given("VAULT_ROLE_ID", settings.vault_role_id, settings.vault_role_id_file),
                secret_id=_given("VAULT_SECRET_ID", settings.vault_secret_id, settings.vault_secret_id_file),
                **mount,
            )
        case "kubernetes":
            return Kubernetes(role=role, jwt=jwt, **mount)
        case "jwt":
            return Jwt(role=role, jwt=jwt, **mount)
        case "cert":
            return Cert(role=settings.vault_role, **mount)


def _advice(settings: Settings, role: Role) -> str:
    """What to do where Vault's policy denies something: the rights of another role are asked of this one at times."""
    load = f"load what `zoho-tokend policy {role}` prints"
    variable = "ZOHO_TOKEND_VAULT_TOKEN"
    if (
        role == "daemon"
        or settings.vault_auth != "token"
        or not settings.source("VAULT_TOKEN").endswith(f" {variable}")
    ):
        return load
    return (
        f"this command used the token of {variable}, which is usually the daemon's: unset it and pass your own as "
        f"VAULT_TOKEN, or {load}"
    )


def _given(setting: str, secret: Secret | None, file: Path | None) -> Source:
    return Given(secret or Secret(""), setting) if file is None else SecretFile(file, f"{setting}_FILE")
