"""Where in Vault the token records lie, as the environment tells it; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote

from zoho_tokend.reader.errors import NoSuchConnection

_NAME: Final = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The folders ``tokens`` and ``reports`` of a KV v2 mount; neither it nor the prefix has slashes at its ends."""

    mount: str = "secret"
    prefix: str = "zoho"

    @classmethod
    def named_by(cls, environment: Mapping[str, str]) -> Self:
        """The daemon's own variables: ``ZOHO_TOKEND_TOKENS_MOUNT``, else ``ZOHO_TOKEND_MOUNT``; and its ``PREFIX``."""
        usual = cls()
        mount = environment.get("ZOHO_TOKEND_TOKENS_MOUNT") or environment.get("ZOHO_TOKEND_MOUNT") or usual.mount
        return cls(mount=mount.strip("/"), prefix=environment.get("ZOHO_TOKEND_PREFIX", usual.prefix).strip("/"))

    def of(self, connection: str) -> str:
        """The token record, as a person types it after ``vault kv get``."""
        return f"{self.mount}/{self._path('tokens', connection)}"

    def of_report(self, connection: str) -> str:
        """The report that a token has died early, in the same way."""
        return f"{self.mount}/{self._path('reports', connection)}"

    def url_path(self, connection: str) -> str:
        """The token record over HTTP: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2.

        Raises:
            NoSuchConnection: no connection can have this name.
        """
        return self._url_path("tokens", connection)

    def report_url_path(self, connection: str) -> str:
        """The report over HTTP; raises what ``url_path`` does."""
        return self._url_path("reports", connection)

    def _url_path(self, folder: str, connection: str) -> str:
        if not _NAME.fullmatch(connection):
            raise NoSuchConnection(
                f"no connection can be named {connection!r}: a name has letters, digits, '-', '_' and '.', "
                "128 at most, and no dot at either end"
            )
        return quote(f"/v1/{self.mount}/data/{self._path(folder, connection)}")

    def _path(self, folder: str, connection: str) -> str:
        return "/".join(filter(None, (self.prefix, folder, connection)))
