"""A job's view of a real Vault: its token records, put there as the daemon does, and readers with a reader's policy."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta

import hvac
import requests

from tests.support.samples.builders import CRM, HOUR, MINUTE
from tests.support.samples.reader_samples import ago, record_fields
from tests.support.servers.openbao import Corner
from zoho_tokend.core.model import Secret
from zoho_tokend.vault.policy import reader_policy, reporter_policy


class CountingSession(requests.Session):
    """Counts what is asked of Vault."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def send(self, request: requests.PreparedRequest, **how: object) -> requests.Response:  # as it came
        self.asked += 1
        return super().send(request, **how)  # type: ignore[arg-type]  # same


@dataclass(frozen=True)
class Shelves:
    """The token records of one corner of Vault, and who reads them."""

    corner: Corner
    session: CountingSession = field(default_factory=CountingSession)

    def publish(self, connection: str = CRM, *, age: timedelta = MINUTE, **changes: object) -> dict[str, object]:
        """A token of this age stands in Vault; answers the fields."""
        fields = record_fields(connection, issued_at=ago(age), lifetime=HOUR)
        token = f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
        fields |= {"access_token": token, "authorization": f"Zoho-oauthtoken {token}"} | changes
        self.corner.put(f"tokens/{connection}", **fields)
        return fields

    def vault_token(self, *, reporter: bool = False) -> Secret:
        """One that has the policy of readers, and of those who report dead tokens if need be, and no other."""
        layout = self.corner.layout
        return self.corner.admin.token(
            self.corner.admin.policy(reader_policy(layout) + (reporter_policy(layout) if reporter else ""))
        )

    def client(self, *, address: str | None = None, token: Secret | None = None) -> hvac.Client:
        """Logged in as a reader, or with this token; what it asks is counted."""
        return hvac.Client(
            address or self.corner.address, token=(token or self.vault_token()).reveal(), session=self.session
        )

    @property
    def reads(self) -> int:
        """How often Vault was asked."""
        return self.session.asked
