"""``POST /oauth/v3/device/code`` and ``/oauth/v3/device/token``: consent for a machine that has no browser.

https://zoho.com/accounts/protocol/oauth/limited-input-devices.html
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from zoho_simulator.rules import clients, shapes
from zoho_simulator.rules.errors import (
    INVALID_CLIENT,
    INVALID_CODE,
    INVALID_SCOPE,
    UNSUPPORTED_GRANT_TYPE,
    RefusedError,
)
from zoho_simulator.rules.ledger import Ledger
from zoho_simulator.rules.messages import Answer
from zoho_simulator.rules.records import ClientKind, Consent, DeviceCode
from zoho_simulator.rules.tokens import granted


def start(ledger: Ledger, form: Mapping[str, str], now: datetime) -> Answer:
    """A device code to poll with, and a user code for a person; no secret is needed yet.

    ``interval`` and ``expires_in`` are milliseconds, as seen in https://github.com/igor-yuzkiv/zoho-studio-cli.
    A self client cannot use this flow; *assumed*: nor can any other kind but a device's, and it is ``invalid_client``.
    https://zoho.com/accounts/protocol/oauth/devices/initiation-request.html

    Raises:
        RefusedError: ``invalid_client``, ``invalid_scope``, ``unsupported_grant_type`` (*assumed*).
    """
    client = clients.known(ledger, form.get("client_id", ""))
    if client.kind is not ClientKind.DEVICE:
        raise RefusedError(INVALID_CLIENT)
    if form.get("grant_type") != "device_request":
        raise RefusedError(UNSUPPORTED_GRANT_TYPE)
    if not shapes.is_scope(form.get("scope", "")):
        raise RefusedError(INVALID_SCOPE)
    text, limits = shapes.new_token(shapes.DEVICE), ledger.limits
    device = DeviceCode(
        client_id=client.client_id,
        user_code=shapes.new_user_code(),
        scope=form["scope"],
        offline=form.get("access_type") == "offline",
        prompt=form.get("prompt") == "consent",
        expires_at=now + limits.device_code_lifetime,
    )
    ledger.devices[text] = device
    return Answer(
        content={
            "user_code": device.user_code,
            "device_code": text,
            "verification_url": f"{ledger.origin}/oauth/v3/device",
            "verification_uri_complete": f"{ledger.origin}/oauth/v3/device?user_code={device.user_code}",
            "interval": limits.device_poll_interval // timedelta(milliseconds=1),
            "expires_in": limits.device_code_lifetime // timedelta(milliseconds=1),
        }
    )


def poll(ledger: Ledger, form: Mapping[str, str], now: datetime) -> Answer:
    """The tokens, once a person said yes in this data centre; a code brings them once.

    A person of another data centre makes every poll here answer ``other_dc`` with ``user_location``; the same code
    then works there (https://zoho.com/accounts/protocol/oauth/multi-dc/client-authorization/limited-input-devices.html).
    Tokens of this flow start with ``1004.``.
    https://zoho.com/accounts/protocol/oauth/devices/polling-request.html

    Raises:
        RefusedError: ``authorization_pending``, ``slow_down``, ``other_dc``, ``access_denied``, ``expired``,
            ``invalid_client``, ``invalid_code``.
    """
    client = clients.authenticated(ledger, form)
    text = form.get("code", "")
    device = ledger.devices.get(text)
    if device is None or device.client_id != client.client_id or form.get("grant_type") != "device_token":
        raise RefusedError(INVALID_CODE)
    if device.expires_at <= now:
        raise RefusedError("expired")
    too_soon = device.polled_at is not None and now < device.polled_at + ledger.limits.device_poll_interval
    device.polled_at = now
    if too_soon:
        raise RefusedError("slow_down")
    consent = _decision(device)
    del ledger.devices[text]
    return granted(ledger, consent, now, family=shapes.DEVICE)


def waits(device: DeviceCode, now: datetime) -> bool:
    """Whether a person may still say yes or no to it."""
    decided = device.refused or device.consent is not None or device.moved_to is not None
    return not decided and now < device.expires_at


def _decision(device: DeviceCode) -> Consent:
    if device.refused:
        raise RefusedError("access_denied")
    if device.moved_to is not None:
        raise RefusedError("other_dc", user_location=device.moved_to)
    if device.consent is None:
        raise RefusedError("authorization_pending")
    return device.consent
