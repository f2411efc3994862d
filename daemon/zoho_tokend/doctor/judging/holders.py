"""Who holds which refresh token: Zoho counts issues by it, so all its holders share one budget."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from zoho_tokend.core.budget import Spent
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.doctor.connection import CredentialFacts, Examined
from zoho_tokend.doctor.finding import Area, Finding
from zoho_tokend.doctor.wording import count, some

Holders = Mapping[str, Sequence[Examined]]
"""Connections by the fingerprint of what they hold."""


def holders(examined: Sequence[Examined]) -> Holders:
    """Those whose credential can be read."""
    found: defaultdict[str, list[Examined]] = defaultdict(list)
    for connection in examined:
        if isinstance(connection.credential, CredentialFacts):
            found[connection.credential.holder].append(connection)
    return dict(found)


def spent(found: Holders) -> Mapping[ConnectionName, Spent]:
    """When tokens were issued with a connection's refresh token, to whichever of its holders."""
    return {
        connection.name: tuple(instant for one in sharing if one.history for instant in one.history.written)
        for sharing in found.values()
        for connection in sharing
    }


def shared(found: Holders) -> Iterator[Finding]:
    """Refresh tokens that several connections hold."""
    for fingerprint, sharing in sorted(found.items()):
        if len(sharing) > 1:
            yield Area.CONNECTIONS.warning(
                some(connection.name for connection in sharing),
                f"{count(sharing, 'connection')} hold the same refresh token ({fingerprint}): "
                "they share its budget, and push each other's tokens out",
                fix="keep one of them, or give each a consent of its own: zoho-tokend authorize … --replace",
            )
