"""How Zoho says no: as a JSON body, mostly at HTTP 200."""

from typing import Final

from zoho_simulator.rules.messages import Answer


class RefusedError(Exception):
    """The accounts server refuses; ``answer`` is what it sends.

    Most refusals come at HTTP 200 (https://github.com/asciisd/zoho/issues/18).
    """

    def __init__(self, error: str, /, *, status: int = 200, **also: object) -> None:
        super().__init__(error)
        self.answer = Answer(content={"error": error, **also}, status=status)


INVALID_CODE: Final = "invalid_code"
INVALID_CLIENT: Final = "invalid_client"
INVALID_REDIRECT_URI: Final = "invalid_redirect_uri"
INVALID_SCOPE: Final = "invalid_scope"
INVALID_TOKEN: Final = "invalid_token"
MISSING_ORG_INFO: Final = "missing_org_info"
UNSUPPORTED_GRANT_TYPE: Final = "unsupported_grant_type"


class ThrottledError(RefusedError):
    """Too many calls: HTTP 400, and an ``error`` with capitals and a space, unlike any name of RFC 6749.

    Zoho's own post of 2021 shows it at 200, fakes and blogs at 429, and nobody reported a ``Retry-After``:
    https://help.zoho.com/portal/en/community/topic/kaizen-43-tokens-and-limitations.
    """

    def __init__(self) -> None:
        super().__init__("Access Denied")
        self.answer = throttle()


def throttle(*, status: int = 400, retry_after: int | None = None) -> Answer:
    """The throttle's answer; ``retry_after`` in seconds."""
    return Answer(
        content={
            "error_description": ("You have made too many requests continuously. Please try again after some time."),
            "error": "Access Denied",
            "status": "failure",
        },
        status=status,
        headers={} if retry_after is None else {"Retry-After": str(retry_after)},
    )
