"""What a hostile tenant writes: fields of records as texts of JSON, each shape by its name; None takes a field away."""

from collections.abc import Callable, Mapping
from typing import Final

from tests.support.places.tenancy import TENANTS, Tenancy

Fields = Mapping[str, str | None]

ZERO_TIME: Final = '"0001-01-01T00:00:00Z"'
BEFORE_ALL_TIME: Final = '"0001-01-01T00:00:00+14:00"'
AFTER_ALL_TIME: Final = '"9999-12-31T23:59:59-14:00"'
NESTED: Final = "[" * 1_100 + "]" * 1_100
# A number of 400 digits is refused by OpenBao, which holds numbers as float64; such texts are not.
LARGEST_NUMBER: Final = "9" * 308
LONG_NUMBER: Final = f'"{"9" * 400}"'


def _revoked(instant: str) -> Callable[[Tenancy], Fields]:
    return lambda _: {"refresh_token": None, "revoked_at": instant}


# Of each, what a credential says; nothing of it is a secret that is Zoho's.
UNREADABLE: Final[Mapping[str, Mapping[str, str]]] = {
    "before-all-time": {"client_id": '"1000.A"', "client_secret": '"a"', "revoked_at": BEFORE_ALL_TIME},
    "after-all-time": {"client_id": '"1000.A"', "client_secret": '"a"', "revoked_at": AFTER_ALL_TIME},
    "nested": {"client_id": NESTED},
    "digits": {"client_id": LARGEST_NUMBER},
    "field": {"client_id": f'"{"x" * 5_000}"', "client_secret": '"a"'},
    "record": {"client_id": f'"{"x" * 70_000}"'},
}

# With a tenant's rights.
CREDENTIALS: Final[Mapping[str, Callable[[Tenancy], Fields]]] = {
    "revoked before all time": _revoked(BEFORE_ALL_TIME),
    "revoked after all time": _revoked(AFTER_ALL_TIME),
    "authorized before all time": lambda _: {"authorized_at": BEFORE_ALL_TIME, "expires_at": BEFORE_ALL_TIME},
    "a field nested 1,100 deep": lambda _: {"scope": NESTED},
    "the largest number that Vault takes": lambda _: {"refresh_at": LARGEST_NUMBER},
    "a share of 400 digits": lambda _: {"refresh_at": LONG_NUMBER},
    "a field of 5 kB": lambda _: {"scope": f'"{"x" * 5_000}"'},
    "a record of 70 kB": lambda _: {f"field-{number}": f'"{"x" * 3_500}"' for number in range(20)},
    "a client_id as long as Vault takes": lambda tenancy: {"client_id": tenancy.longest_text},
    "a lone surrogate": lambda _: {"client_id": r'"\ud800"', "scope": r'"\u0000\ud800"'},
    "lists for texts": lambda _: dict.fromkeys(
        ("client_id", "client_secret", "refresh_token", "accounts_server"), "[[]]"
    ),
    "an accounts server off the allow-list": lambda tenancy: {"accounts_server": f'"{tenancy.stranger.origin}"'},
    "another tenant's client": lambda _: _borrowed(),
    "another tenant's client for client credentials": lambda _: {
        **_borrowed(),
        "refresh_token": None,
        "grant_type": '"client_credentials"',
        "soid": '"ZohoCRM.60001"',
        "scope": '"ZohoCRM.modules.READ"',
    },
    "another tenant's client at another server": lambda tenancy: {
        **_borrowed(),
        "accounts_server": f'"{tenancy.site.zoho.us.accounts_server}"',
    },
}


def _borrowed() -> Fields:
    return {"client_id": None, "client_secret": None, "accounts_server": None, "client": f'"{TENANTS[0]}"'}


# With the rights of whoever operates the one connection: a tenant may not write token records.
TOKEN_RECORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "of the zero time": dict.fromkeys(("issued_at", "expires_at", "refresh_after"), ZERO_TIME),
    "of before all time": dict.fromkeys(("issued_at", "expires_at", "refresh_after"), BEFORE_ALL_TIME),
    "of after all time": dict.fromkeys(("issued_at", "expires_at", "refresh_after"), AFTER_ALL_TIME),
    "that lives from the first year to the last": {"issued_at": ZERO_TIME, "expires_at": '"9999-12-31T23:59:59Z"'},
    "of the year 2099": {
        "issued_at": '"2099-01-01T00:00:00Z"',
        "expires_at": '"2099-01-01T01:00:00Z"',
        "refresh_after": '"2099-01-01T00:30:00Z"',
    },
    "nested 1,100 deep": {"access_token": NESTED},
    "of 70 kB": {"access_token": f'"{"x" * 70_000}"'},
}

REPORTS: Final[Mapping[str, Callable[[Tenancy], Mapping[str, str]]]] = {
    "nested 1,100 deep": lambda _: {"fingerprint": NESTED},
    "the largest number that Vault takes": lambda _: {"fingerprint": LARGEST_NUMBER},
    "no field": lambda _: {},
    "as long as Vault takes": lambda tenancy: {"fingerprint": tenancy.longest_text},
}
