"""Zoho's own Python SDK (https://github.com/zoho/zohocrm-python-sdk-8.0) with the tokens that the daemon keeps.

The SDK then does no OAuth at all: it holds no refresh token, asks no accounts server and writes no token file.

Its ``initialize`` is for the whole process, its ``switch_user`` for the thread that calls it; ours are the same.
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
    """Make the SDK work for this connection in the whole process, in the data centre that the token names.

    Args:
        resource_path: an existing folder. The SDK keeps what it learns of the fields of modules there, in a folder of
            the connection's name: it names its files by the data centre, so that two organisations would share one.
        sdk_config: an ``SDKConfig``; None for one with time-outs, which the SDK's own lacks.

    Raises:
        ReaderError: there is no token that names the data centre.
    """
    Initializer.initialize(
        environment(reader.get(connection)),
        ReaderToken(reader, connection),
        store=NoStore(),
        sdk_config=sdk_config or SDKConfig(connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS),
        resource_path=_folder(resource_path, connection),
    )


def switch_user(reader: TokenReader, connection: str, *, resource_path: Path, sdk_config: object | None = None) -> None:
    """Make the SDK work for this connection in this thread; every other thread goes on as it was.

    Call it in each thread that works for another connection than that of ``initialize``, which comes first.

    Args:
        resource_path: as for ``initialize``.
        sdk_config: None for the one that this thread has.

    Raises:
        ReaderError: there is no token that names the data centre.
    """
    Initializer.switch_user(
        environment=environment(reader.get(connection)), token=ReaderToken(reader, connection), sdk_config=sdk_config
    )
    Initializer.get_initializer().resource_path = _folder(resource_path, connection)


def environment(token: Token) -> object:
    """Return the SDK's ``DataCenter.Environment`` for this token; the SDK's own table lacks uk, ae and sg.

    Raises:
        UnknownSchema: the record names no API domain.
    """
    return DataCenter.Environment(base_url(token), f"{token.accounts_server}/oauth/v2/token", upload_url(token))


def _folder(resource_path: Path, connection: str) -> str:
    folder = resource_path / connection
    folder.mkdir(exist_ok=True)
    return str(folder)


class _Call(Protocol):
    """A call that the SDK is about to make: its ``APIHTTPConnector``."""

    url: str

    def add_header(self, header_name: str, header_value: str) -> None: ...


class ReaderToken(SdkToken):  # type: ignore[misc]  # the SDK ships no types
    """Gives each call of the SDK the header of the connection's current token.

    The SDK does not show us Zoho's answers, so a token that died before its time is not noticed: the call fails with
    INVALID_TOKEN. Call the reader's ``newer`` or ``report_dead`` then, and the next call takes Vault's newer one.
    """

    def __init__(self, reader: TokenReader, connection: str) -> None:
        self._reader = reader
        self._connection = connection

    def authenticate(self, url_connection: _Call) -> None:
        """Add the header to the call. The SDK wraps what the reader raises in its SDKException."""
        token = self._reader.get(self._connection)
        check_host(token, url_connection.url)
        url_connection.add_header("Authorization", token.authorization)

    def generate_token(self) -> None:
        """Do nothing: the daemon does that."""

    def remove(self) -> bool:
        """Do nothing: nothing is kept."""
        return True


class NoStore(TokenStore):  # type: ignore[misc]  # the SDK ships no types
    """A store without tokens. Left to itself, the SDK would begin a file of secrets in the working directory."""

    def find_token(self, token: object) -> None:
        """Find none."""

    def find_token_by_id(self, id: str) -> None:  # noqa: A002  # the SDK's name
        """Find none."""

    def save_token(self, token: object) -> None:
        """Keep nothing."""

    def delete_token(self, id: str) -> None:  # noqa: A002  # the SDK's name
        """Do nothing: none is kept."""

    def get_tokens(self) -> list[object]:
        """Return none."""
        return []

    def delete_tokens(self) -> None:
        """Do nothing: none is kept."""
