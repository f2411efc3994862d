"""Whoever looks after the connections: consents at Zoho, and stores what comes of it in Vault."""

from tests.simulation.plan import Plan
from tests.simulation.vault_side import VaultSide
from tests.simulation.zoho_side import ACCOUNTS_SERVERS, ZohoSide


class People:
    """They write by hand, as ``vault kv put`` does."""

    def __init__(self, plan: Plan, *, zoho: ZohoSide, vault: VaultSide) -> None:
        self._plan = plan
        self._zoho = zoho
        self._vault = vault

    def start(self) -> None:
        """Every connection has a credential."""
        plan = self._plan
        if plan.named_client:
            self.put_clients()
        shared = self._zoho.consent(*plan.names[:2]) if plan.shared else None
        for number, name in enumerate(plan.names):
            refresh_token = shared if shared and number < 2 else self._zoho.consent(name)
            self.put_credential(name, refresh_token)

    def put_clients(self) -> None:
        """The clients' records are what Zoho knows."""
        for location, client in self._zoho.clients.items():
            self._vault.put(
                f"clients/app-{location}",
                {
                    "client_id": client.client_id,
                    "client_secret": client.client_secret,
                    "accounts_server": ACCOUNTS_SERVERS[location],
                },
            )

    def put_credential(self, name: str, refresh_token: str, **odd: object) -> None:
        """A person stores a credential for the connection."""
        location = self._plan.location_of(name)
        client = self._zoho.clients[location]
        inline = {"client_id": client.client_id, "client_secret": client.client_secret}
        refresh_at = self._plan.refresh_at[self._plan.names.index(name)]
        fields: dict[str, object] = {
            **({"client": f"app-{location}"} if self._plan.named_client else inline),
            "refresh_token": refresh_token,
            "accounts_server": ACCOUNTS_SERVERS[location],
            **({"refresh_at": str(refresh_at)} if refresh_at else {}),
            "note": "kept by hand",
        }
        self._vault.put(f"credentials/{name}", fields | odd)

    def make_anew(self, name: str, refresh_token: str) -> None:
        """As Terraform does: the record is destroyed with its metadata, and made anew as version 1."""
        self._vault.erase(f"credentials/{name}")
        self.put_credential(name, refresh_token)

    def refresh_token_of(self, name: str) -> str:
        """The one that stands in Vault; empty where none does."""
        fields = self._vault.fields(f"credentials/{name}") or {}
        return str(fields.get("refresh_token", ""))

    def sharers(self, name: str) -> tuple[str, ...]:
        """Every connection that has the same refresh token."""
        return self._zoho.holders.get(self.refresh_token_of(name), (name,))

    def consent_again(self, names: tuple[str, ...]) -> None:
        """A person consents anew for these connections, and stores what comes of it."""
        refresh_token = self._zoho.consent(*names)
        for name in names:
            self.put_credential(name, refresh_token)

    def put_the_new_secret(self) -> None:
        """The clients' secrets in Vault are those that Zoho knows, wherever they stand."""
        if self._plan.named_client:
            self.put_clients()
            return
        for name in self._plan.names:
            if token := self.refresh_token_of(name):
                self.put_credential(name, token)
