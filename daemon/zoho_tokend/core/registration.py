"""Applications of Zoho's API console, as they are registered there and recorded in Vault."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from zoho_tokend.core.model import Client, Secret
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
        version: the KV version of its record; 0 for one that is not recorded yet.
    """

    name: str
    client_id: str
    client_secret: Secret | None
    kind: ClientKind | None
    accounts_server: Origin
    redirect_uri: str | None = None
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    version: int = 0

    def at(self, location: str | None) -> Client | None:
        """The client as it is to be used in a data centre; None where no secret is known for it."""
        secret = self.secrets.get(location or "", self.client_secret)
        return None if secret is None else Client(client_id=self.client_id, client_secret=secret)


def oddities(registration: Registration) -> tuple[str, ...]:
    """A sentence for each thing that does not look as Zoho's console gives it; any of it may be right all the same."""
    found = []
    if not _CLIENT_ID.fullmatch(registration.client_id):
        found.append("the client id does not look like one: 1000. (a device: 1004.) and 30 capital letters and digits")
    secrets = [registration.client_secret, *registration.secrets.values()]
    if any(secret and not _CLIENT_SECRET.fullmatch(secret.reveal()) for secret in secrets):
        found.append("a client secret does not look like one: 42 hexadecimal digits")
    return tuple(found)
