"""What other jobs import: the tokens that the daemon keeps in Vault, for Python.

::

    from zoho_tokend.reader import TokenReader

    reader = TokenReader()  # VAULT_ADDR, VAULT_TOKEN
    requests.get(reader.base_url("crm-prod") + "/crm/v8/org", headers=reader.get("crm-prod").headers)

The package knows nothing of the daemon, and importing it imports the standard library alone. hvac comes with the
readers, httpx with ``ZohoAuth``, requests with ``ZohoRequestsAuth``, and Zoho's SDK with ``zoho_tokend.reader.sdk``.
Top to bottom:

    httpx_auth  requests_auth  sdk      each library's own way to add a header
    sync_reader  async_reader           carry out what is decided, for threads and for asyncio
    copies                              what forks, copies and pickles of a reader do not share
    memory                              what is known of each connection, and of the clocks
    vault_source  deadline              hvac, and one question at a time
    decision  record  wording  zoho_api  errors    pure: no network, no clock
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from zoho_tokend.reader.errors import (
    NoSuchConnection,
    NoSuchMount,
    NotAllowed,
    NotConfigured,
    ReaderError,
    TokenTooOld,
    UnknownSchema,
    VaultUnreachable,
    WrongHost,
)
from zoho_tokend.reader.record import Token

if TYPE_CHECKING:
    from zoho_tokend.reader.async_reader import AsyncTokenReader
    from zoho_tokend.reader.httpx_auth import ZohoAuth
    from zoho_tokend.reader.requests_auth import ZohoRequestsAuth
    from zoho_tokend.reader.sync_reader import TokenReader

__all__ = [
    "AsyncTokenReader",
    "NoSuchConnection",
    "NoSuchMount",
    "NotAllowed",
    "NotConfigured",
    "ReaderError",
    "Token",
    "TokenReader",
    "TokenTooOld",
    "UnknownSchema",
    "VaultUnreachable",
    "WrongHost",
    "ZohoAuth",
    "ZohoRequestsAuth",
]

_BRINGS_A_LIBRARY: Final = {
    "AsyncTokenReader": "async_reader",
    "TokenReader": "sync_reader",
    "ZohoAuth": "httpx_auth",
    "ZohoRequestsAuth": "requests_auth",
}


def __getattr__(name: str) -> object:
    """Import a module that needs a library when one of its names is first asked for (PEP 562)."""
    if name not in _BRINGS_A_LIBRARY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_BRINGS_A_LIBRARY[name]}"), name)
