"""The six auth methods, each a value that can log in to Vault.

A login runs on a thread of the pool. A file with a secret is read again each time, as other programs rotate it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import ClassVar, Final, Protocol

from zoho_tokend.core.errors import VaultLoginRefused, VaultUnavailable
from zoho_tokend.core.events import VaultOutcome
from zoho_tokend.core.model import Secret
from zoho_tokend.vault.client import VaultClient
from zoho_tokend.vault.request import Request, login, lookup_self, lookup_wrapping, unwrap, visible_mounts
from zoho_tokend.vault.response import VaultResponse
from zoho_tokend.vault.secret_file import SecretFile, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The result of a login.

    Attributes:
        lasts: seconds; ``inf`` for a token that never ends.
        renewable: whether we may and should renew it.
        ours: whether it was created for us, so that we revoke it at the end; a batch token cannot be revoked.
        mark: the state of the file that it was read from; None where it came from no file.
    """

    token: Secret
    lasts: float
    renewable: bool
    ours: bool
    mark: tuple[int, int] | None = None


class AuthMethod(Protocol):
    """A way to log in."""

    @property
    def name(self) -> str:
        """As in ``VAULT_AUTH``: the label value of ``vault_logins_total{method}``."""
        ...

    @property
    def makes_tokens(self) -> bool:
        """Whether each login creates a new token; otherwise somebody else provides it."""
        ...

    def login(self, client: VaultClient) -> Login:
        """Log in, and return a token to work with.

        Raises:
            VaultLoginRefused: Vault refuses, or a file that is needed cannot be read.
            VaultUnavailable: Vault gave no usable answer.
        """
        ...

    def outdated(self, held: Login) -> bool:
        """Whether a different token is available since this login."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token from the settings: renewed where it is renewable, and never revoked."""

    token: Source
    name: ClassVar[str] = "token"
    makes_tokens: ClassVar[bool] = False

    def login(self, client: VaultClient) -> Login:
        return _looked_up(client, self.token(), setting="VAULT_TOKEN")

    def outdated(self, held: Login) -> bool:  # noqa: ARG002  # the protocol's; a setting does not change
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFile:
    """A token that another program, such as Vault Agent, keeps in a file: reread on change, never renewed."""

    file: SecretFile
    name: ClassVar[str] = "token-file"
    makes_tokens: ClassVar[bool] = False

    def login(self, client: VaultClient) -> Login:
        mark = self.file.mark()
        found = _looked_up(client, self.file(), setting="VAULT_TOKEN_FILE")
        return Login(token=found.token, lasts=found.lasts, renewable=False, ours=False, mark=mark)

    def outdated(self, held: Login) -> bool:
        return self.file.mark() not in {held.mark, None}


class _MakesTokens:
    """What the methods have in common whose logins create tokens."""

    __slots__ = ()
    makes_tokens: ClassVar[bool] = True

    def outdated(self, held: Login) -> bool:  # noqa: ARG002  # the protocol's; a new login is due by the clock alone
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRole(_MakesTokens):
    """A role id and a secret id, which may come wrapped (https://developer.hashicorp.com/vault/docs/auth/approle).

    Attributes:
        secret_id: None where the role asks for none.
    """

    role_id: Source
    secret_id: Source | None
    mount: str = "approle"
    name: ClassVar[str] = "approle"
    _unwrapped: dict[str, Secret] = field(default_factory=dict, init=False, repr=False, compare=False)

    def login(self, client: VaultClient) -> Login:
        body = {"role_id": self.role_id().reveal()}
        if self.secret_id is not None:
            body["secret_id"] = self._plain(client, self.secret_id()).reveal()
        return _logged_in(client, login(self.mount, body), settings="VAULT_ROLE_ID, VAULT_SECRET_ID")

    def _plain(self, client: VaultClient, secret_id: Secret) -> Secret:
        """Return the secret id, unwrapped if needed; it is cached, as a wrapping token can be unwrapped only once."""
        if not is_wrapped(secret_id):
            return secret_id
        key = secret_id.fingerprint()
        if key not in self._unwrapped:
            plain = unwrapped_secret_id(client, secret_id, mount=self.mount)
            self._unwrapped.clear()
            self._unwrapped[key] = plain
        return self._unwrapped[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubernetes(_MakesTokens):
    """The pod's service account token (https://developer.hashicorp.com/vault/docs/auth/kubernetes)."""

    role: str
    jwt: Source
    mount: str = "kubernetes"
    name: ClassVar[str] = "kubernetes"

    def login(self, client: VaultClient) -> Login:
        body = {"role": self.role, "jwt": self.jwt().reveal()}
        return _logged_in(client, login(self.mount, body), settings="VAULT_ROLE, VAULT_JWT_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Jwt(_MakesTokens):
    """A signed token that Vault can check by itself (https://developer.hashicorp.com/vault/docs/auth/jwt)."""

    role: str
    jwt: Source
    mount: str = "jwt"
    name: ClassVar[str] = "jwt"

    def login(self, client: VaultClient) -> Login:
        body = {"role": self.role, "jwt": self.jwt().reveal()}
        return _logged_in(client, login(self.mount, body), settings="VAULT_ROLE, VAULT_JWT_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cert(_MakesTokens):
    """The certificate that the TLS connection is made with (https://developer.hashicorp.com/vault/docs/auth/cert).

    Attributes:
        role: None to take any role that the certificate fits.
    """

    role: str | None = None
    mount: str = "cert"
    name: ClassVar[str] = "cert"

    def login(self, client: VaultClient) -> Login:
        body = {"name": self.role} if self.role else {}
        settings = "VAULT_ROLE, VAULT_CLIENT_CERT, VAULT_CLIENT_KEY"
        return _logged_in(client, login(self.mount, body), settings=settings)


def _logged_in(client: VaultClient, request: Request, *, settings: str) -> Login:
    response = client.ask(request)
    if response.outcome is not VaultOutcome.OK:
        raise VaultLoginRefused(
            f"Vault refuses the login at {request.path} (status {response.status}): check {settings}, VAULT_AUTH_MOUNT"
        )
    token = response.at("auth", "client_token")
    if not isinstance(token, str) or not token:
        raise VaultUnavailable(f"Vault's answer to the login at {request.path} holds no token")
    batch = response.at("auth", "token_type") == "batch"
    return Login(
        token=Secret(token),
        lasts=granted(response) or inf,
        renewable=response.at("auth", "renewable") is True and not batch,
        ours=not batch,
    )


def _looked_up(client: VaultClient, token: Secret, *, setting: str) -> Login:
    response = client.ask(lookup_self(), token=token)
    if response.outcome is not VaultOutcome.OK and _reaches_mounts(client, token):
        raise VaultLoginRefused(
            f"the token of {setting} works, but its policy denies read on auth/token/lookup-self, "
            "so nobody knows when it ends: load what `zoho-tokend policy daemon` (a person: `policy operator`) prints"
        )
    if response.outcome is not VaultOutcome.OK:
        raise VaultLoginRefused(f"Vault does not know the token of {setting}: it is wrong, expired or revoked")
    data = response.at("data")
    known: Mapping[str, object] = data if isinstance(data, Mapping) else {}
    renewable = known.get("renewable") is True and known.get("type") != "batch"
    return Login(token=token, lasts=_seconds(known.get("ttl")) or inf, renewable=renewable, ours=False)


def is_known(client: VaultClient, token: Secret) -> bool:
    """Whether Vault accepts the token; a denied lookup-self alone does not mean that it does not.

    Raises:
        VaultUnavailable: Vault gave no usable answer.
    """
    return client.ask(lookup_self(), token=token).outcome is VaultOutcome.OK or _reaches_mounts(client, token)


def _reaches_mounts(client: VaultClient, token: Secret) -> bool:
    return client.ask(visible_mounts(), token=token).outcome is VaultOutcome.OK


def granted(response: VaultResponse) -> float:
    """Return the seconds of life that a login or renewal grants; a login that grants 0 gives a token without end."""
    return _seconds(response.at("auth", "lease_duration"))


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int) else 0.0


_WRAPPING_TOKEN: Final = re.compile(r"(?:hvs|s)\.[A-Za-z0-9_.-]{20,}")


def is_wrapped(secret_id: Secret) -> bool:
    """Whether it looks like a wrapping token; a secret id that Vault generates is a UUID."""
    return _WRAPPING_TOKEN.fullmatch(secret_id.reveal()) is not None


def unwrapped_secret_id(client: VaultClient, wrapping_token: Secret, *, mount: str) -> Secret:
    """Return the wrapped secret id, after checking that the AppRole method at ``mount`` created the wrapping token.

    Raises:
        VaultLoginRefused: it was created elsewhere, or was used already: somebody may have unwrapped it first.
        VaultUnavailable: Vault gave no usable answer.
    """
    found = client.ask(lookup_wrapping(wrapping_token.reveal()))
    if found.outcome is not VaultOutcome.OK:
        raise _used_up()
    origin = found.at("data", "creation_path")
    if not isinstance(origin, str) or not re.fullmatch(
        rf"auth/{re.escape(mount)}/role/[^/]+/(?:custom-)?secret-id", origin
    ):
        raise VaultLoginRefused(
            f"VAULT_SECRET_ID: the wrapping token was not made by the AppRole method at auth/{mount}: "
            "somebody may have swapped it; it was left alone"
        )
    inside = client.ask(unwrap(), token=wrapping_token)
    secret_id = inside.at("data", "secret_id")
    if inside.outcome is not VaultOutcome.OK or not isinstance(secret_id, str):
        raise _used_up()
    return Secret(secret_id)


def _used_up() -> VaultLoginRefused:
    return VaultLoginRefused(
        "VAULT_SECRET_ID: the wrapping token is used up or expired: if this daemon did not unwrap it, "
        "somebody may have intercepted it; destroy that secret id and hand out a new one"
    )
