"""All data centres at once, and who is to be found in which."""

from collections.abc import Iterable, Mapping

from zoho_simulator.rules.ledger import Ledger
from zoho_simulator.rules.limits import Limits
from zoho_simulator.rules.records import Client, Consent, DeviceCode, Grant


class Directory:
    """The ledgers by the names of their data centres; each search raises a ValueError that says what was not found."""

    def __init__(self, locations: Mapping[str, str], limits: Limits) -> None:
        self.ledgers = {name: Ledger(name=name, locations=locations, limits=limits) for name in locations}

    def ledger(self, name: str) -> Ledger:
        """That of the data centre of this name."""
        if name not in self.ledgers:
            raise ValueError(f"no data centre {name!r} is simulated; there are {', '.join(self.ledgers)}")
        return self.ledgers[name]

    def enabled(self, client: Client) -> Iterable[Ledger]:
        """Those of the data centres for which the client has a secret."""
        return [self.ledger(name) for name in client.secrets]

    def home(self, consent: Consent) -> Ledger:
        """That of the user's data centre, in which the client must be enabled."""
        ledger = self.ledger(consent.user.data_center)
        if consent.client_id not in ledger.clients:
            raise ValueError(f"the client is not enabled in the data centre {ledger.name!r}")
        return ledger

    def client(self, id_or_name: str) -> Client:
        """The application of this id or name."""
        for ledger in self.ledgers.values():
            for client in ledger.clients.values():
                if id_or_name in {client.client_id, client.name}:
                    return client
        raise ValueError(f"no client has the id or name {id_or_name!r}")

    def device(self, user_code: str) -> tuple[Ledger, str, DeviceCode]:
        """Where the device waits that shows this code, its device code, and what is known of it."""
        for ledger in self.ledgers.values():
            for text, device in ledger.devices.items():
                if device.user_code == user_code:
                    return ledger, text, device
        raise ValueError("no device shows this code")

    def grant(self, refresh_token: str) -> tuple[Ledger, Grant]:
        """The grant of a living refresh token, and where it was given."""
        for ledger in self.ledgers.values():
            grant = ledger.by_refresh_token(refresh_token)
            if grant is not None:
                return ledger, grant
        raise ValueError("no refresh token of this text is alive")
