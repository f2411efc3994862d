"""Applications of Zoho's API console: as they are registered there and recorded in Vault, and who may use them."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from zoho_tokend.core.errors import ClientNotAllowed
from zoho_tokend.core.model import Client, ConnectionName, GrantType, Secret, connection_name
from zoho_tokend.core.origin import Origin

# Shapes as secret scanners know them; Zoho promises none, so they are good for a warning and no more:
# https://github.com/trufflesecurity/trufflehog/blob/main/pkg/detectors/zohocrm/zohocrm.go
# Ids of the device flow begin with 1004: https://zoho.com/accounts/protocol/oauth/devices/polling-request.html
_CLIENT_ID: Final = re.compile(r"100[0-9]\.[A-Z0-9]{30}")
_CLIENT_SECRET: Final = re.compile(r"[0-9a-f]{42}")


class ClientKind(StrEnum):
    """The client types that can hold a grant (https://www.zoho.com/accounts/protocol/oauth-setup.html).

    The console's client-based (JavaScript) type is not among them: it never gets a refresh token.
    """

    SERVER = "server"
    MOBILE = "mobile"
    DEVICE = "device"
    SELF = "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One application.

    Attributes:
        accounts_server: of the data centre where it is registered.
        secrets: those that the console shows for single data centres (``eu``); they win over ``client_secret``.
        connections: those that may use it: names, or prefixes that end in ``*``; None where any connection may.
        grant_types: those that may be used with it; None where any may.
        version: the KV version of its record; 0 for one that is not recorded yet.
    """

    name: str
    client_id: str
    client_secret: Secret | None
    kind: ClientKind | None
    accounts_server: Origin
    redirect_uri: str | None = None
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    connections: tuple[str, ...] | None = None
    grant_types: tuple[GrantType, ...] | None = None
    version: int = 0

    def check_use(self, connection: ConnectionName, grant_type: GrantType) -> None:
        """Return where the connection may use this client for such a grant.

        Raises:
            ClientNotAllowed: the record does not name one of the two.
        """
        change = f"`zoho-tokend client add {self.name} --replace"
        otherwise = f"or name another client in the credential of {connection}"
        if self.connections is not None and not _names(self.connections, connection):
            raise ClientNotAllowed(
                f"the field 'connections' of the client {self.name} does not name {connection}: "
                f"add it there ({change} --connections`), {otherwise}"
            )
        if self.grant_types is not None and grant_type not in self.grant_types:
            raise ClientNotAllowed(
                f"the field 'grant_types' of the client {self.name} does not name {grant_type}, which {connection} "
                f"asks for: add it there ({change} --grant-types`), {otherwise}"
            )

    def at(self, server: Origin, location: str) -> Client:
        """Return the client with the secret that may be sent to this accounts server.

        That of the server's data centre, if the record has one; ``client_secret`` at the client's own server alone:
        whoever writes a credential chooses its server, and must not choose where somebody else's secret goes.

        Args:
            location: the server's data centre, or ``other`` for a server that is none of Zoho's own.

        Raises:
            ClientNotAllowed: the record has no secret for that server.
        """
        secret = self.secrets.get(location)
        if secret is None and server == self.accounts_server:
            secret = self.client_secret
        if secret is None:
            raise ClientNotAllowed(
                f"the client {self.name} has no secret for {server}, for its client_secret goes to "
                f"{self.accounts_server} alone: add client_secret_{location} to it "
                f"(`zoho-tokend client add {self.name} --replace --secret-for {location}`), "
                "or correct the accounts_server of the credential"
            )
        return Client(client_id=self.client_id, client_secret=secret)


def parse_connections(text: str) -> tuple[str, ...]:
    """Read the connections that may use a client: names, or prefixes that end in ``*``, separated by commas.

    Raises:
        ValueError: one of them is neither; the text says what would be, and quotes nothing.
    """
    entries = tuple(entry.strip() for entry in text.split(","))
    for entry in entries:
        prefix = entry.removesuffix("*")
        if entry == prefix or prefix:
            try:
                # A prefix may end in a dot, which no name does.
                connection_name(prefix if entry == prefix else f"{prefix}x")
            except ValueError:
                raise ValueError(
                    "lists names of connections, or prefixes that end in '*', separated by commas: crm-prod,sales-*"
                ) from None
    return entries


def parse_grant_types(text: str) -> tuple[GrantType, ...]:
    """Read the grant types that may be used with a client, separated by commas.

    Raises:
        ValueError: one of them is none; the text says what would be, and quotes nothing.
    """
    try:
        return tuple(GrantType(entry.strip()) for entry in text.split(","))
    except ValueError:
        raise ValueError(f"lists one or both of {', '.join(GrantType)}, separated by commas") from None


def _names(entries: Collection[str], connection: ConnectionName) -> bool:
    return any(
        connection.startswith(entry.removesuffix("*")) if entry.endswith("*") else connection == entry
        for entry in entries
    )


def oddities(registration: Registration) -> tuple[str, ...]:
    """A sentence for each thing that does not look as Zoho's console gives it; any of it may be right all the same."""
    found = []
    if not _CLIENT_ID.fullmatch(registration.client_id):
        found.append("the client id does not look like one: 1000. (a device: 1004.) and 30 capital letters and digits")
    secrets = [registration.client_secret, *registration.secrets.values()]
    if any(secret and not _CLIENT_SECRET.fullmatch(secret.reveal()) for secret in secrets):
        found.append("a client secret does not look like one: 42 hexadecimal digits")
    return tuple(found)
