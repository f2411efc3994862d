"""Which secret of an application is used where."""

from zoho_tokend.core.errors import ClientRejected
from zoho_tokend.core.model import Client
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.registration import Registration
from zoho_tokend.zoho.datacenters import AccountsServers


def client_at(registration: Registration, server: Origin, servers: AccountsServers) -> Client:
    """The client with its secret for the data centre of this accounts server.

    Raises:
        ClientRejected: no secret is known for it.
    """
    location = servers.location(server)
    client = registration.at(location)
    if client is None:
        raise ClientRejected(
            f"the client {registration.name} has no secret for Zoho's data centre '{location}': add it with "
            f"`zoho-tokend client add {registration.name} --replace --secret-for {location}`"
        )
    return client
