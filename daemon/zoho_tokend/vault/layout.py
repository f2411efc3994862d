"""Where the records lie: the paths of docs/architecture.md; pure."""

from dataclasses import dataclass
from typing import Final

from zoho_tokend.core.events import VaultOperation
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.targets import Target
from zoho_tokend.vault.request import Request

LARGEST_RECORD: Final = 64 * 1024
"""The most bytes of a response with a record and its metadata; ours have about two thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KvPath:
    """A record, or a folder of records, in a KV v2 mount (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2).

    Its text is what a person types after ``vault kv get``.
    """

    mount: str
    path: str

    def __str__(self) -> str:
        return f"{self.mount}/{self.path}"

    @property
    def data(self) -> str:
        """The path that a policy names for reading and writing it."""
        return f"{self.mount}/data/{self.path}"

    @property
    def metadata(self) -> str:
        """The path that a policy names for its versions, and for listing it."""
        return f"{self.mount}/metadata/{self.path}"

    @property
    def undeletion(self) -> str:
        """The path that a policy names for restoring a deleted version."""
        return f"{self.mount}/undelete/{self.path}"

    def read(self) -> Request:
        """Return the request that reads the latest version."""
        return Request(operation=VaultOperation.READ, method="GET", path=self.data, most=LARGEST_RECORD)

    def read_version(self, number: int) -> Request:
        """Return the request that reads this version."""
        return Request(
            operation=VaultOperation.READ, method="GET", path=f"{self.data}?version={number}", most=LARGEST_RECORD
        )

    def versions(self) -> Request:
        """Return the request for its metadata, which say when each version was written."""
        return Request(operation=VaultOperation.METADATA, method="GET", path=self.metadata)

    def names(self) -> Request:
        """Return the request that lists the folder; the name of a folder in it ends in a slash."""
        return Request(operation=VaultOperation.LIST, method="LIST", path=self.metadata)

    def write(self, fields: dict[str, object], *, after_version: int) -> Request:
        """Return the request that writes a new version if ``after_version`` is the current one."""
        body = {"data": fields, "options": {"cas": after_version}}
        return Request(operation=VaultOperation.WRITE, method="POST", path=self.data, body=body)

    def write_custom_metadata(self, custom_metadata: dict[str, object]) -> Request:
        """Return the request that replaces its custom metadata; its versions stay."""
        body = {"custom_metadata": custom_metadata}
        return Request(operation=VaultOperation.METADATA, method="POST", path=self.metadata, body=body)

    def delete(self) -> Request:
        """Return the request that deletes the latest version; ``vault kv undelete -versions=N`` restores it."""
        return Request(operation=VaultOperation.DELETE, method="DELETE", path=self.data)

    def erase(self) -> Request:
        """Return the request that erases every version, as if there had never been one."""
        return Request(operation=VaultOperation.DELETE, method="DELETE", path=self.metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The paths of all records.

    Attributes:
        mount: the KV v2 mount of clients and credentials, without slashes at either end.
        prefix: the folder in it, likewise; empty for none.
        tokens_mount: the KV v2 mount of the token records and of readers' reports; None where it is the same one.
    """

    mount: str = "secret"
    prefix: str = "zoho"
    tokens_mount: str | None = None

    def clients(self) -> KvPath:
        """The folder of the applications."""
        return self._path(self.mount, "clients")

    def client(self, name: str) -> KvPath:
        """The record of an application of Zoho's API console."""
        return self._path(self.mount, "clients", name)

    def credentials(self) -> KvPath:
        """The folder of the credentials."""
        return self._path(self.mount, "credentials")

    def credential(self, connection: ConnectionName) -> KvPath:
        """The long-lived record of a connection."""
        return self._path(self.mount, "credentials", connection)

    def token(self, connection: ConnectionName) -> KvPath:
        """The short-lived record that jobs read."""
        return self._path(self.tokens_mount or self.mount, "tokens", connection)

    def tokens(self) -> KvPath:
        """The folder of the token records."""
        return self._path(self.tokens_mount or self.mount, "tokens")

    def budgets(self) -> KvPath:
        """The folder of the records of requests spent in vain."""
        return self._path(self.tokens_mount or self.mount, "budgets")

    def budget(self, grant: str) -> KvPath:
        """The record of requests spent in vain with the refresh token of this fingerprint."""
        return self._path(self.tokens_mount or self.mount, "budgets", grant)

    def reports(self) -> KvPath:
        """The folder of readers' reports of tokens that died early."""
        return self._path(self.tokens_mount or self.mount, "reports")

    def report(self, connection: ConnectionName) -> KvPath:
        """A reader's report of the connection's token."""
        return self._path(self.tokens_mount or self.mount, "reports", connection)

    def target(self, target: Target, connection: ConnectionName) -> KvPath:
        """The second record of the connection's token; it is outside the prefix, where another tool looks."""
        return KvPath(mount=self.tokens_mount or self.mount, path=target.path_of(connection))

    def mounts(self) -> dict[str, str]:
        """Return each mount, with the setting that names it."""
        tokens = {self.tokens_mount: "TOKENS_MOUNT"} if self.tokens_mount else {}
        return tokens | {self.mount: "MOUNT"}

    def _path(self, mount: str, *parts: str) -> KvPath:
        return KvPath(mount=mount, path="/".join(filter(None, (self.prefix, *parts))))
