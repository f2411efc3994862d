"""Zoho's header for httpx, sync and async."""

from collections.abc import AsyncGenerator, Generator

import httpx

from zoho_tokend.reader.async_reader import AsyncTokenReader
from zoho_tokend.reader.record import Token
from zoho_tokend.reader.sync_reader import TokenReader
from zoho_tokend.reader.zoho_api import belongs, check_host, means_dead


class ZohoAuth(httpx.Auth):
    """Authorizes each request with the connection's current token.

    ::

        httpx.Client(base_url=reader.base_url("crm-prod"), auth=ZohoAuth(reader, "crm-prod"))

    A request that Zoho refuses because the token is dead is sent once more if Vault has a newer one; Zoho is never
    asked for a token. A body that was streamed, files among them, is not sent twice: then the refusal is the answer.

    A token goes to the hosts of its API domain alone; a request to another raises WrongHost, and where Zoho redirects
    elsewhere httpx leaves the header behind.
    """

    def __init__(self, reader: TokenReader | AsyncTokenReader, connection: str, *, report_dead: bool = False) -> None:
        """Take tokens of this connection: from a TokenReader for ``httpx.Client``, an AsyncTokenReader for its twin.

        Args:
            report_dead: where Vault has no newer token, report the dead one to the daemon, as ``report_dead`` of the
                reader does.
        """
        self._reader = reader
        self._connection = connection
        self._report_dead = report_dead

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Authorize; raise what ``TokenReader.get`` raises, and WrongHost."""
        if not isinstance(self._reader, TokenReader):
            raise TypeError("an httpx.Client needs ZohoAuth with a TokenReader, not an AsyncTokenReader")
        token = self._reader.get(self._connection)
        response = yield _authorized(request, token)
        if _worth_reading(response, token) and means_dead(response.read()):
            newer = self._reader.newer(token, report=self._report_dead)
            if newer is not None:
                yield _authorized(request, newer)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Authorize; raise what ``AsyncTokenReader.get`` raises, and WrongHost."""
        if not isinstance(self._reader, AsyncTokenReader):
            raise TypeError("an httpx.AsyncClient needs ZohoAuth with an AsyncTokenReader, not a TokenReader")
        token = await self._reader.get(self._connection)
        response = yield _authorized(request, token)
        if _worth_reading(response, token) and means_dead(await response.aread()):
            newer = await self._reader.newer(token, report=self._report_dead)
            if newer is not None:
                yield _authorized(request, newer)


def _authorized(request: httpx.Request, token: Token) -> httpx.Request:
    check_host(token, str(request.url))
    request.headers["Authorization"] = token.authorization
    return request


def _worth_reading(response: httpx.Response, token: Token) -> bool:
    """Whether it refuses a request that can be sent again, and comes from where the token belongs."""
    repeatable = isinstance(response.request.stream, httpx.ByteStream)
    return response.status_code == httpx.codes.UNAUTHORIZED and repeatable and belongs(token, str(response.request.url))
