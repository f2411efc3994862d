"""What it takes to reach Vault; built by the settings, which have checked it."""

from dataclasses import dataclass, field
from pathlib import Path

from zoho_tokend.vault.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultConfig:
    """Where Vault is, how it is trusted, and where the records lie.

    Attributes:
        address: scheme, host and port (``https://vault.example:8200``), without a final slash.
        namespace: where the records lie; None for the root, and on a server without namespaces.
        login_namespace: where the login happens; None where it is the same one, empty for the root.
        ca_bundle: a PEM file of the authorities that vouch for Vault; None for those of the package ``certifi``.
        client_certificate: the PEM files of our own certificate and of its key; ``Cert`` logs in with it.
        layout: mounts and prefix.
        concurrency: how many requests may be under way at once, each on a thread of its own.
    """

    address: str
    namespace: str | None = None
    login_namespace: str | None = None
    ca_bundle: Path | None = None
    client_certificate: tuple[Path, Path] | None = None
    layout: Layout = field(default_factory=Layout)
    concurrency: int = 8
