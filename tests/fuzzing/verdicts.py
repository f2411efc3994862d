"""Which answers may condemn a grant or a client: read from docs/architecture.md, and not from the code under test."""

import json
from typing import Final

from zoho_tokend.core.errors import ClientRejected, GrantRejected, NeedsPerson, RefreshError

_CODES: Final[dict[str, type[NeedsPerson]]] = {
    "invalid_code": GrantRejected,
    "invalid_grant": GrantRejected,
    "invalid_client": ClientRejected,
    "invalid_client_secret": ClientRejected,
}


def check_verdict(body: bytes, verdict: RefreshError | None) -> None:
    """The verdict on a refresh with this answer is permanent only where the body says one of the four codes.

    Raises:
        AssertionError: it condemns for anything else.
    """
    if isinstance(verdict, NeedsPerson):
        document = json.loads(body)
        assert isinstance(document, dict), "an answer that is no object condemns"
        assert not document.get("access_token"), "an answer with a token condemns"
        code = str(document.get("error"))
        assert type(verdict) is _CODES.get(code), f"the code {code!r} condemns as {type(verdict).__name__}"
