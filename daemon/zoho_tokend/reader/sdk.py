"""Zoho's own Python SDK (https://github.com/zoho/zohocrm-python-sdk-8.0) with the tokens that the daemon keeps.

The SDK then does no OAuth at all: it holds no refresh token, asks no accounts server and writes no token file.
"""

from pathlib import Path
from typing import Final, Protocol

from zohocrmsdk.src.com.zoho.api.authenticator.store.token_store import TokenStore
from zohocrmsdk.src.com.zoho.api.authenticator.token import Token as SdkToken
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zohocrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig

from zoho_tokend.reader.record import Token
from zoho_tokend.reader.sync_reader import TokenReader
from zoho_tokend.reader.zoho_api import base_url, check_host, upload_url

_CONNECT_SECONDS: Final = 10
_READ_SECONDS: Final = 60


def initialize(reader: TokenReader, connection: str, *, resource_path: Path, sdk_config: object | None = None) -> None:
    """The SDK works for this connection, in the data centre that the token names.

    Args:
        resource_path: an existing folder where the SDK keeps what it learns of the fields of modules.
        sdk_config: an ``SDKConfig``; None for one with time-outs, which the SDK's own lacks.

    Raises:
        ReaderError: there is no token to tell the data centre.
    """
    Initializer.initialize(
        environment(reader.get(connection)),
        ReaderToken(reader, connection),
        store=NoStore(),
        sdk_config=sdk_config or SDKConfig(connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS),
        resource_path=str(resource_path),
    )


def environment(token: Token) -> object:
    """The SDK's ``DataCenter.Environment`` for this token; the SDK's own table lacks uk, ae and sg.

    Raises:
        UnknownSchema: the record names no API domain.
    """
    return DataCenter.Environment(base_url(token), f"{token.accounts_server}/oauth/v2/token", upload_url(token))


class _Call(Protocol):
    """A call that the SDK is about to make: its ``APIHTTPConnector``."""

    url: str

    def add_header(self, header_name: str, header_value: str) -> None: ...


class ReaderToken(SdkToken):  # type: ignore[misc]  # the SDK ships no types
    """Gives each call of the SDK the header of the connection's current token.

    The SDK does not show us Zoho's answers, so a token that died before its time is not noticed: the call fails with
    INVALID_TOKEN until the daemon has published the next one.
    """

    def __init__(self, reader: TokenReader, connection: str) -> None:
        self._reader = reader
        self._connection = connection

    def authenticate(self, url_connection: _Call) -> None:
        """The call bears the header. What the reader raises, the SDK wraps in its SDKException."""
        token = self._reader.get(self._connection)
        check_host(token, url_connection.url)
        url_connection.add_header("Authorization", token.authorization)

    def generate_token(self) -> None:
        """Nothing: the daemon does that."""

    def remove(self) -> bool:
        """Nothing is kept, so there is nothing to remove."""
        return True


class NoStore(TokenStore):  # type: ignore[misc]  # the SDK ships no types
    """A store without tokens. Left to itself, the SDK would begin a file of secrets in the working directory."""

    def find_token(self, token: object) -> None:
        """None is ever kept."""

    def find_token_by_id(self, id: str) -> None:  # noqa: A002  # the SDK's name
        """None is ever kept."""

    def save_token(self, token: object) -> None:
        """It is not kept."""

    def delete_token(self, id: str) -> None:  # noqa: A002  # the SDK's name
        """None is ever kept."""

    def get_tokens(self) -> list[object]:
        """None are ever kept."""
        return []

    def delete_tokens(self) -> None:
        """None is ever kept."""
