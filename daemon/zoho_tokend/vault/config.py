"""What it takes to reach Vault; built by the settings, which have checked it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultConfig:
    """Where Vault is, how it is trusted, and where the records lie.

    Attributes:
        address: scheme, host and port (``https://vault.example:8200``), without a final slash.
        namespace: where the login happens and the records lie; None for the root, and on a server without them.
        ca_bundle: a PEM file of the authorities that vouch for Vault; None for those of the package ``certifi``.
        client_certificate: the PEM files of our own certificate and of its key; ``Cert`` logs in with it.
        concurrency: how many requests may be under way at once, each on a thread of its own.
    """

    address: str
    namespace: str | None = None
    ca_bundle: Path | None = None
    client_certificate: tuple[Path, Path] | None = None
    concurrency: int = 8
