"""Readers' reports of tokens that died early: their writers may write nothing else, and they contain no secret."""

import re
from typing import Final

from zoho_tokend.core.errors import RecordUnreadable
from zoho_tokend.core.model import ConnectionName, connection_name
from zoho_tokend.vault.kv import Kv
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.session import Session

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}")


class VaultReports:
    """The records under ``zoho/reports``, one per connection: the field ``fingerprint`` names the token."""

    def __init__(self, session: Session, layout: Layout) -> None:
        self._kv = Kv(session, layout)
        self._layout = layout

    async def reported(self) -> frozenset[ConnectionName]:
        return frozenset(filter(None, map(_name, await self._kv.names(self._layout.reports()))))

    async def report(self, connection: ConnectionName) -> str | None:
        try:
            fields = (await self._kv.read(self._layout.report(connection))).fields or {}
        except RecordUnreadable:
            return None
        fingerprint = fields.get("fingerprint")
        return fingerprint if isinstance(fingerprint, str) and _FINGERPRINT.fullmatch(fingerprint) else None

    async def dismiss(self, connection: ConnectionName) -> None:
        await self._kv.ask(self._layout.report(connection).erase())


def _name(key: str) -> ConnectionName | None:
    try:
        return connection_name(key)
    except ValueError:  # not one of our reports
        return None
