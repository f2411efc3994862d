"""Zoho's header for requests."""

from functools import partial

import requests
from requests.auth import AuthBase

from zoho_tokend.reader.record import Token
from zoho_tokend.reader.sync_reader import TokenReader
from zoho_tokend.reader.zoho_api import belongs, check_host, means_dead


class ZohoRequestsAuth(AuthBase):
    """Authorizes each request with the connection's current token, by the rules of ``ZohoAuth``.

    ::

        requests.get(reader.base_url("crm-prod") + "/crm/v8/org", auth=ZohoRequestsAuth(reader, "crm-prod"))
    """

    def __init__(self, reader: TokenReader, connection: str, *, report_dead: bool = False) -> None:
        self._reader = reader
        self._connection = connection
        self._report_dead = report_dead

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Authorize; raise what ``TokenReader.get`` raises, and WrongHost."""
        token = self._reader.get(self._connection)
        _authorize(request, token)
        request.register_hook("response", partial(self._again, token))  # type: ignore[no-untyped-call]  # its stubs
        return request

    def _again(self, token: Token, response: requests.Response, **how: object) -> requests.Response:
        """Return the answer, or that to a second try.

        Redirects come through here too, so the host is checked anew: a stranger must not get the header.
        """
        if not _may_be_answered_again(response, token):
            return response
        newer = self._reader.newer(token, report=self._report_dead)
        if newer is None:
            return response
        response.close()
        again = _authorize(response.request.copy(), newer)
        answer = response.connection.send(again, **how)  # type: ignore[arg-type]  # what it was sent with, as it came
        answer.history.append(response)
        answer.request = again
        return answer


def _may_be_answered_again(response: requests.Response, token: Token) -> bool:
    """The body is read last, and only of a refusal: somebody may want to stream it."""
    request = response.request
    repeatable = isinstance(request.body, bytes | str | None)
    if response.status_code != requests.codes.unauthorized or not repeatable or not belongs(token, request.url or ""):
        return False
    return means_dead(response.content)


def _authorize(request: requests.PreparedRequest, token: Token) -> requests.PreparedRequest:
    check_host(token, request.url or "")
    request.headers["Authorization"] = token.authorization
    return request
