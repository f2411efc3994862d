"""What the fuzzer begins with: inputs that get deep into each target, so that it need not find the shapes by chance."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from tests.fuzzing.targets import CRM
from tests.support.samples.builders import a_record
from tests.support.samples.zoho_samples import sample, sample_names
from zoho_tokend.vault import codec

_CREDENTIAL: Final = {
    "client_id": "1000.CLIENT",
    "client_secret": "invented",
    "refresh_token": "1000.invented.token",
    "accounts_server": "https://accounts.zoho.eu",
    "scope": "ZohoCRM.modules.ALL",
    "refresh_at": "0.5",
    "authorized_at": "2026-11-24T12:00:00Z",
}
_NAMED: Final = {"client": "app", "soid": "ZohoCRM.1", "grant_type": "client_credentials"}
_REDIRECT: Final = (
    b"https://example.com/callback?state=AAAA&code=1000.a&location=eu&accounts-server=https://accounts.zoho.eu"
)
_TOKEN: Final = codec.token_fields(a_record(CRM))
_EXTREMES: Final = (
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-01:00",
    "9999-12-31T23:59:59Z",
    "2099-01-01T00:00:00Z",
)
_LONG_VALUES: Final = (b"#deep", b"#deepest", b"#digits", b"#more-digits", b"#long", b"1e999", b"-0", b"NaN")
_HURTABLE: Final = (b"client_id", b"refresh_at", b"revoked_at", b"scope", b"client_secret_eu")
_PAGE: Final = b"</td><script>alert(1)</script><a href='x' onclick=\"y\">&lt;\x00\xff"
_FORMS: Final = (
    b"a\ngrant_type=refresh_token&client_id=1000.A&client_secret=b&refresh_token=1000.c",
    b"Basic QTpC\na=b",
)


def seeds(target: str) -> Iterator[bytes]:
    """The first inputs of this target."""
    yield from _SEEDS.get(target, ())
    if target in {"token_answer", "consent_answers"}:
        for number, name in enumerate(sample_names()):
            yield bytes([number]) + b"\n" + sample(name).body


def words() -> Iterator[str]:
    """What the fuzzer may put in anywhere: the words that the parsers know."""
    yield from _CREDENTIAL
    yield from _NAMED
    yield from _TOKEN
    yield from ("invalid_code", "invalid_grant", "invalid_client", "invalid_client_secret", "Access Denied", "error")
    yield from (
        "expires_in",
        "expires_in_sec",
        "user_code",
        "device_code",
        "verification_url",
        "status",
        "users",
        "org",
    )
    yield from (*_EXTREMES, "revoked_at", *(long.decode() for long in _LONG_VALUES))
    yield from ("ZOHO_TOKEND_VAULT_ADDR", "ZOHO_TOKEND_REFRESH_AT", "ZOHO_TOKEND_LISTEN", "30s", "1h", "true", "null")


def _json(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields).encode()


_SEEDS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "redirect": (_REDIRECT, b"error=access_denied&state=AAAA", b"?code=1&code=2"),
    "vault_record": (
        _json(_CREDENTIAL),
        _json(_CREDENTIAL | _NAMED),
        _json(_NAMED),
        *(_json({"client_id": "a", "revoked_at": instant}) for instant in _EXTREMES),
        *(_json(_CREDENTIAL)[:-1] + b', "%s": %s}' % (name, long) for name in _HURTABLE for long in _LONG_VALUES),
    ),
    "token_record": (
        _json(_TOKEN),
        *(_json(_TOKEN | dict.fromkeys(("issued_at", "expires_at", "refresh_after"), each)) for each in _EXTREMES),
        *(_json(_TOKEN | {"expires_at": each}) for each in _EXTREMES),
        *(
            _json(_TOKEN)[:-1] + b', "%s": %s}' % (name, long)
            for name in (b"scope", b"expires_at")
            for long in _LONG_VALUES
        ),
    ),
    "vault_answer": (b"\x01\n" + _json({"errors": ["Vault is sealed"]}), b"\x00\n" + _json({"data": {"keys": ["a"]}})),
    "settings": (b"ZOHO_TOKEND_VAULT_ADDR=http://127.0.0.1:8200\nZOHO_TOKEND_REFRESH_AT=0.5\nVAULT_TOKEN=a",),
    "import_file": (b"connection,client_id,refresh_token\ncrm,1000.A,1000.b\n", b'{"connection": "a", "scope": "b"}\n'),
    "status_page": (_PAGE,),
    "page_query": (b"state=fresh\nlimit=20\nsearch=a\nafter=3:crm",),
    "simulator_form": _FORMS,
}
