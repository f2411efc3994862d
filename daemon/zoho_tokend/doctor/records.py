"""Read the records of all connections once, and turn them into facts without secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from zoho_tokend.concurrency import map_concurrently
from zoho_tokend.core.errors import ClientNotAllowed, GrantRevoked, RecordUnreadable, VaultForbidden
from zoho_tokend.core.model import ConnectionName, Credential
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.core.ports import Clock
from zoho_tokend.core.registration import Registration, oddities
from zoho_tokend.vault import codec
from zoho_tokend.vault.inspection import Inspection, KeyHistory
from zoho_tokend.vault.kv import Kv
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.record_fields import RecordFields
from zoho_tokend.vault.store import VaultStore
from zoho_tokend.zoho.datacenters import AccountsServers


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialFacts:
    """A credential that can be read.

    Attributes:
        client: the name of its client's record; None where it brings its own.
        unrestricted: whether any connection may use that client.
        holder: what Zoho counts issues by, as a fingerprint.
        allowed: whether a credential may be sent to its accounts server.
        location: Zoho's name of its data centre.
        usual_api_domain: where that data centre's tokens are used; None for a server that is not Zoho's.
        oddities: a sentence for each value that does not look like Zoho's.
    """

    client: str | None
    holder: str
    accounts_server: Origin
    allowed: bool
    location: str
    usual_api_domain: str | None
    refresh_at: float | None = None
    oddities: tuple[str, ...] = ()
    unrestricted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """A token record that can be read."""

    issued_at: datetime
    expires_at: datetime
    api_domain: str
    accounts_server: str
    api_allowed: bool

    @property
    def lifetime(self) -> timedelta:
        """How long the token lives in all."""
        return self.expires_at - self.issued_at


@dataclass(frozen=True, slots=True)
class Unread:
    """Why there are no facts.

    Attributes:
        revoked: whether a person ended the grant.
        fix: what helps; empty where the record itself has to be corrected.
    """

    why: str
    revoked: bool = False
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One connection.

    Attributes:
        where: its credential, as a person names it to ``vault kv``.
        token: None where there never was one.
        history: None where the policy denies it.
    """

    name: ConnectionName
    where: str
    credential: CredentialFacts | Unread
    token: TokenFacts | Unread | None
    history: KeyHistory | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonsView:
    """What a running daemon says of a connection: the state of /status, and the error where there is one."""

    state: str
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Every connection, and the names in the folder that are not valid."""

    examined: Sequence[Examined] = ()
    ill_named: frozenset[str] = frozenset()

    @property
    def clients(self) -> frozenset[str]:
        """The clients that credentials name."""
        credentials = [one.credential for one in self.examined if isinstance(one.credential, CredentialFacts)]
        return frozenset(credential.client for credential in credentials if credential.client)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Reads the records of a layout."""

    kv: Kv
    store: VaultStore
    inspection: Inspection
    layout: Layout
    servers: AccountsServers
    clock: Clock
    at_once: int

    async def all(self) -> Records:
        """Read every connection whose credential is not deleted.

        Raises:
            VaultForbidden: the policy denies the list.
            VaultUnavailable: Vault gave no usable answer.
        """
        listing = await self.store.names()
        found = await map_concurrently(self._one, sorted(listing.names), at_once=self.at_once, crashed=self._crashed)
        return Records(examined=[one for one in found if one], ill_named=listing.ill_named)

    async def _one(self, name: ConnectionName) -> Examined | None:
        place = self.layout.credential(name)
        try:
            document = (await self.kv.read(place)).content
            if document is None:
                return None
            credential: CredentialFacts | Unread = await self._credential(name, document)
        except ClientNotAllowed as error:
            credential = Unread(str(error), fix="change the one record or the other; the daemon sees it by itself")
        except (RecordUnreadable, VaultForbidden) as error:
            credential = Unread(str(error), revoked=isinstance(error, GrantRevoked))
        return Examined(
            name=name,
            where=str(place),
            credential=credential,
            token=await self._token(name),
            history=await self.inspection.key_history(self.layout.token(name)),
        )

    def _crashed(self, name: ConnectionName, error: Exception) -> Examined:
        why = f"its records led to a {type(error).__name__}: look at them, and report the defect"
        where = str(self.layout.credential(name))
        return Examined(name=name, where=where, credential=Unread(why), token=None, history=None)

    async def _credential(self, name: ConnectionName, document: RecordFields) -> CredentialFacts:
        credential = await self.store.credential_of(name, document)
        server = credential.accounts_server
        return CredentialFacts(
            client=codec.client_name(document),
            holder=credential.budget_key,
            accounts_server=server,
            allowed=self.servers.allows(server),
            location=self.servers.location(server),
            usual_api_domain=self.servers.api_domain(server),
            refresh_at=credential.refresh_at,
            oddities=_oddities(credential),
            unrestricted=credential.unrestricted_client is not None,
        )

    async def _token(self, name: ConnectionName) -> TokenFacts | Unread | None:
        try:
            fields = (await self.kv.read(self.layout.token(name))).fields
        except (RecordUnreadable, VaultForbidden) as error:
            return Unread(str(error))
        return None if fields is None else self._token_facts(name, fields)

    def _token_facts(self, name: ConnectionName, fields: Mapping[str, object]) -> TokenFacts | Unread:
        record = codec.token_record(name, fields, now=self.clock.now())
        if record is None:
            return Unread(f"its token record {self.layout.token(name)} was not written by the daemon")
        return TokenFacts(
            issued_at=record.issued_at,
            expires_at=record.expires_at,
            api_domain=record.api_domain,
            accounts_server=record.accounts_server,
            api_allowed=self._allows_api(record.api_domain),
        )

    def _allows_api(self, api_domain: str) -> bool:
        try:
            return self.servers.allows_api(parse_origin(api_domain))
        except ValueError:
            return False


def _oddities(credential: Credential) -> tuple[str, ...]:
    client = credential.client
    return oddities(
        Registration(
            name=credential.connection,
            client_id=client.client_id,
            client_secret=client.client_secret,
            kind=None,
            accounts_server=credential.accounts_server,
        )
    )
