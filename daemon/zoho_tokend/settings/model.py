"""The settings themselves. The descriptions are the ones of the README and of ``zoho-tokend settings``."""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from pydantic.fields import FieldInfo

from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.core.targets import Target
from zoho_tokend.settings.kinds import (
    FILE,
    HOSTS,
    LABEL,
    LISTEN,
    ORIGINS,
    SECRET,
    TARGETS,
    TEXT,
    VAULT_ADDRESS,
    VAULT_PATH,
    Kind,
    Listen,
    duration,
    number,
    one_of,
    whole_number,
)
from zoho_tokend.settings.sources import Source

SERVICE_ACCOUNT_TOKEN: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


class Reload(Enum):
    """Marks a field that SIGHUP can change; any other field needs a restart."""

    ON_SIGHUP = "on SIGHUP"


VaultAuth = Literal["token", "token-file", "approle", "kubernetes", "jwt", "cert"]
PerConnectionMetrics = Literal["auto", "on", "off"]
Switch = Literal["off", "on"]
LeaderElection = Literal["none", "kubernetes"]
LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]


class Settings(BaseModel):
    """What the daemon runs with: checked, whole and frozen. `zoho_tokend.settings.load_settings` makes one."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=False, hide_input_in_errors=True
    )

    vault_addr: Annotated[str, VAULT_ADDRESS] = Field("", description="The URL of Vault or OpenBao; required.")
    vault_auth: Annotated[VaultAuth, one_of(VaultAuth)] = Field("token", description="How the daemon logs in to Vault.")
    vault_auth_mount: Annotated[str | None, VAULT_PATH] = Field(
        None, description="The path where the auth method is mounted; its default path if not given."
    )
    vault_role: Annotated[str | None, TEXT] = Field(None, description="The role to log in as: kubernetes, jwt, cert.")
    vault_jwt_file: Annotated[Path, FILE] = Field(
        SERVICE_ACCOUNT_TOKEN, description="The token to log in with, read anew at every login: kubernetes, jwt."
    )
    vault_role_id: Annotated[Secret | None, SECRET] = Field(None, description="The role id: approle.")
    vault_role_id_file: Annotated[Path | None, FILE] = Field(None, description="A file with the role id: approle.")
    vault_secret_id: Annotated[Secret | None, SECRET] = Field(
        None, description="The secret id, plain or wrapped: approle."
    )
    vault_secret_id_file: Annotated[Path | None, FILE] = Field(
        None, description="A file with the secret id, plain or wrapped: approle."
    )
    vault_token: Annotated[Secret | None, SECRET] = Field(None, description="The Vault token: token.")
    vault_token_file: Annotated[Path | None, FILE] = Field(
        None, description="A file in which another program, such as Vault Agent, keeps a Vault token: token-file."
    )
    vault_client_cert: Annotated[Path | None, FILE] = Field(
        None, description="The client certificate (PEM) presented to Vault; required by cert."
    )
    vault_client_key: Annotated[Path | None, FILE] = Field(
        None, description="The private key of the client certificate (PEM)."
    )
    vault_namespace: Annotated[str | None, VAULT_PATH] = Field(None, description="The Vault namespace.")
    vault_cacert: Annotated[Path | None, FILE] = Field(
        None, description="The CA certificates (PEM) that Vault is verified with, instead of the public ones."
    )
    mount: Annotated[str, VAULT_PATH] = Field("secret", description="The KV v2 mount of clients and credentials.")
    prefix: Annotated[str, VAULT_PATH] = Field(
        "zoho", description="The path under the mount that contains all records of zoho-tokend."
    )
    tokens_mount: Annotated[str | None, VAULT_PATH] = Field(
        None, description="The KV v2 mount of token records, if it differs from MOUNT."
    )
    refresh_at: Annotated[float, number(0.2, 0.95), Reload.ON_SIGHUP] = Field(
        0.5, description="The fraction of a token's life after which it is replaced."
    )
    issues_per_ten_minutes: Annotated[int, whole_number(1, 10), Reload.ON_SIGHUP] = Field(
        8,
        description="The most access tokens to request with one refresh token in any ten minutes; Zoho allows 10.",
    )
    sweep_interval: Annotated[timedelta, duration(timedelta(seconds=1), timedelta(seconds=30)), Reload.ON_SIGHUP] = (
        Field(timedelta(seconds=1), description="How often the daemon checks which tokens are due.")
    )
    discovery_interval: Annotated[timedelta, duration(timedelta(seconds=1), timedelta(hours=1)), Reload.ON_SIGHUP] = (
        Field(timedelta(seconds=30), description="How often the daemon lists the connections in Vault.")
    )
    concurrency: Annotated[int, whole_number(1, 256)] = Field(16, description="How many refreshes may run at once.")
    allowed_accounts_servers: Annotated[tuple[Origin, ...], ORIGINS, Reload.ON_SIGHUP] = Field(
        (), description="Accounts servers that credentials may be sent to, in addition to Zoho's own."
    )
    listen: Annotated[Listen, LISTEN] = Field(
        Listen("0.0.0.0", 8080), description="The address where probes, metrics and status are served."
    )
    status_hosts: Annotated[tuple[str, ...], HOSTS] = Field(
        (),
        description="Host names that `/` and `/status` are served under, besides `localhost` and every IP address.",
    )
    reports: Annotated[Switch, one_of(Switch)] = Field(
        "off", description="Whether to act on readers' reports of tokens that died early."
    )
    publish_targets: Annotated[tuple[Target, ...], TARGETS] = Field(
        (),
        description="Where to write a second record of each token, in another tool's format, in the tokens' mount.",
    )
    leader_election: Annotated[LeaderElection, one_of(LeaderElection)] = Field(
        "none",
        description="How several replicas elect the one that refreshes: not at all, or with a Lease in Kubernetes.",
    )
    lease_name: Annotated[str, LABEL] = Field(
        "zoho-tokend", description="The name of the Lease; with several shards, `-<shard>` is appended."
    )
    lease_namespace: Annotated[str | None, LABEL] = Field(
        None, description="The namespace of the Lease; the pod's own if not given."
    )
    identity: Annotated[str | None, TEXT] = Field(
        None, description="The name of this replica in the election; the host name if not given."
    )
    lease_duration: Annotated[timedelta, duration(timedelta(seconds=2), timedelta(minutes=10))] = Field(
        timedelta(seconds=15), description="How long after its last renewal a leader that has failed is replaced."
    )
    renew_deadline: Annotated[timedelta, duration(timedelta(seconds=1), timedelta(minutes=10))] = Field(
        timedelta(seconds=10),
        description="How long after its last renewal of the Lease a leader may still start a refresh.",
    )
    retry_period: Annotated[timedelta, duration(timedelta(seconds=1), timedelta(minutes=5))] = Field(
        timedelta(seconds=2), description="How often the leader renews the Lease, and the others read it."
    )
    shard: Annotated[int, whole_number(0, 9999)] = Field(
        0, description="The shard of the connections that this process refreshes: this number, modulo SHARDS."
    )
    shards: Annotated[int, whole_number(1, 256)] = Field(
        1, description="How many shards the connections are divided into."
    )
    per_connection_metrics: Annotated[PerConnectionMetrics, one_of(PerConnectionMetrics), Reload.ON_SIGHUP] = Field(
        "auto",
        description="Whether each connection has its own series; with auto, in a large fleet only unhealthy ones do.",
    )
    log_format: Annotated[LogFormat, one_of(LogFormat)] = Field(
        "auto", description="The format of log lines; auto is console on a terminal and json elsewhere."
    )
    log_level: Annotated[LogLevel, one_of(LogLevel), Reload.ON_SIGHUP] = Field(
        "info", description="The lowest severity that is logged."
    )

    _sources: tuple[Source, ...] = PrivateAttr(default=())

    @classmethod
    def settings_from(cls, sources: Sequence[Source]) -> Self:
        """Read the settings from these sources; the first that gives a setting wins.

        Raises:
            pydantic.ValidationError: a value is not of its kind, or a name is not a setting's.
        """
        return cls.model_validate(dict(ChainMap(*(dict(source.values) for source in sources))), context=tuple(sources))

    def model_post_init(self, sources: tuple[Source, ...] | None, /) -> None:
        """Keep the sources: pydantic hands over what ``model_validate`` was given as its context."""
        self._sources = sources or ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each setting that works but is unsafe."""
        if self.vault_addr.startswith("https:") or _on_loopback(self.vault_addr):
            return ()
        return (f"VAULT_ADDR is {self.vault_addr}: without https, anyone on the network can read every secret",)

    def source(self, name: str) -> str:
        """Return where the value of the setting comes from, in words; ``default`` if it was not given."""
        return next((source.where(name) for source in self._sources if name.lower() in source.values), "default")


def _on_loopback(address: str) -> bool:
    """Whether the plain http address is on loopback; any other is not a valid origin."""
    try:
        parse_origin(address)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """The documentation of a setting."""

    name: str
    kind: Kind
    default: object
    description: str
    reloadable: bool
    secret: bool


def _documented(field_name: str, field: FieldInfo) -> Documented:
    kind = next(mark for mark in field.metadata if isinstance(mark, Kind))
    return Documented(
        name=field_name.upper(),
        kind=kind,
        default=field.default,
        description=field.description or "",
        reloadable=Reload.ON_SIGHUP in field.metadata,
        secret=kind is SECRET,
    )


DOCUMENTED: Final[Mapping[str, Documented]] = {
    field_name.upper(): _documented(field_name, field) for field_name, field in Settings.model_fields.items()
}
"""Every setting, by its name, in the order of the README."""
