"""Consent for a machine without a browser: the codes to show, the polls and their answers. Pure.

https://zoho.com/accounts/protocol/oauth/limited-input-devices.html
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Self
from urllib.parse import urlsplit

from zoho_tokend.core.consent import DeviceCode, MovedTo, Pending, Polled, SlowDown
from zoho_tokend.core.errors import (
    ClientRejected,
    DeviceCodeExpired,
    TokendError,
    WrongDataCenter,
    ZohoUnavailable,
)
from zoho_tokend.core.model import Client, Secret
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.zoho.exchange import for_a_person, granted
from zoho_tokend.zoho.response import ZohoResponse, location, number, token, words
from zoho_tokend.zoho.wire import client_fields, comma_separated, refusal

DEVICE_CODE_PATH: Final = "/oauth/v3/device/code"
DEVICE_TOKEN_PATH: Final = "/oauth/v3/device/token"  # noqa: S105 - a path, not a password

_USUAL_INTERVAL: Final = timedelta(seconds=5)
_LONGEST_INTERVAL: Final = timedelta(minutes=2)
_USUAL_LIFETIME: Final = timedelta(minutes=5)
_LONGEST_LIFETIME: Final = timedelta(hours=1)
_UNKNOWN_CLIENT: Final = (
    "Zoho does not know the client here, or it is of another type: the device flow takes a Non-browser Mobile "
    "Application, registered in the data centre of this accounts server"
)


def device_form(client_id: str, scope: str) -> dict[str, str]:
    """Return the form fields that begin the flow; no secret is needed yet.

    https://zoho.com/accounts/protocol/oauth/devices/initiation-request.html
    """
    return {
        "grant_type": "device_request",
        "client_id": client_id,
        "scope": comma_separated(scope),
        "access_type": "offline",
        "prompt": "consent",
    }


def device_code(answer: ZohoResponse) -> DeviceCode:
    """Return the codes.

    Raises:
        ClientRejected: the client is unknown here, or not for devices.
        CodeRejected, ConsentRefused, OrganisationRejected, RedirectUriRejected, ScopeRejected: Zoho says so.
        Throttled, ZohoUnavailable.
    """
    fields = answer.document or {}
    page = _page(fields.get("verification_url")) or _page(fields.get("verification_uri"))
    user_code = words(fields.get("user_code"))
    if page is None or user_code is None or not fields.get("device_code"):
        raise _no_device_code(answer)
    try:
        text = token(fields["device_code"])
    except ValueError as error:
        raise ZohoUnavailable(str(error)) from None
    return DeviceCode(
        device_code=text,
        user_code=user_code,
        page=page,
        ready_page=_page(fields.get("verification_uri_complete")),
        interval=_span(fields.get("interval"), usual=_USUAL_INTERVAL, longest=_LONGEST_INTERVAL),
        lifetime=_span(fields.get("expires_in"), usual=_USUAL_LIFETIME, longest=_LONGEST_LIFETIME),
    )


def poll_form(code: Secret, client: Client) -> dict[str, str]:
    """Return the form fields that ask whether the person has decided.

    https://zoho.com/accounts/protocol/oauth/devices/polling-request.html
    """
    return {"grant_type": "device_token", **client_fields(client), "code": code.reveal()}


def polled(answer: ZohoResponse) -> Polled:
    """Return the state of the flow.

    Raises:
        ConsentRefused: the person refused.
        DeviceCodeExpired: the person did not decide in time.
        WrongDataCenter: the person lives in a data centre that Zoho does not name.
        NoRefreshToken, CodeRejected, RedirectUriRejected, ScopeRejected, OrganisationRejected, ClientRejected,
        Throttled, ZohoUnavailable.
    """
    fields = answer.document or {}
    if fields.get("access_token"):
        return granted(answer)
    match answer.error:
        case "authorization_pending":
            return Pending()
        case "slow_down":
            return SlowDown()
        case "other_dc":
            # The documented name is the first; a client in the wild reads the second.
            home = location(fields.get("user_location")) or location(fields.get("dc"))
            if home is None:
                raise WrongDataCenter
            return MovedTo(home)
        case "expired" | "expired_token":
            raise DeviceCodeExpired
        case _:
            return granted(answer)


def _no_device_code(answer: ZohoResponse) -> TokendError:
    error = for_a_person(refusal(answer), answer)
    return ClientRejected(_UNKNOWN_CLIENT) if isinstance(error, ClientRejected) else error


def _page(value: object) -> str | None:
    """Return the value if it is the address of a page that a person may open."""
    address = words(value)
    if address is None:
        return None
    try:
        parts = urlsplit(address)
        parse_origin(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        return None
    return address


def _span(value: object, *, usual: timedelta, longest: timedelta) -> timedelta:
    """Parse a duration in seconds, or in milliseconds where that would be absurdly long; ``usual`` if it is unusable.

    Zoho gives milliseconds (https://github.com/igor-yuzkiv/zoho-studio-cli), and RFC 8628 says seconds.
    """
    seconds = number(value)
    if seconds is not None and seconds > longest.total_seconds():
        seconds /= 1000
    if seconds is None or not 1 <= seconds <= longest.total_seconds():
        return usual
    return timedelta(seconds=seconds)


_SHORTEST: Final = timedelta(seconds=1)
_LONGEST: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class PollPace:
    """The wait before each poll: as long as Zoho asks, at least a second and at most two minutes.

    Zoho's pages name 30 s and 5 s, so its answer decides, and ``slow_down`` doubles it: a device code lives for five
    minutes only. https://zoho.com/accounts/protocol/oauth/devices/polling-request.html
    """

    wait: timedelta

    def __post_init__(self) -> None:
        object.__setattr__(self, "wait", min(max(self.wait, _SHORTEST), _LONGEST))

    def slower(self) -> Self:
        """Return the pace after ``slow_down``."""
        return replace(self, wait=self.wait * 2)
