import json
import string
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from zoho_tokend.core.model import Secret
from zoho_tokend.telemetry.redaction import HIDDEN, redact, redact_fields, redact_text

HEX, ALPHANUMERIC, URL_SAFE = (
    "0123456789abcdef",
    string.ascii_letters + string.digits,
    string.ascii_letters + "0123456789-_",
)


def random_text(alphabet: str, shortest: int, longest: int | None = None) -> st.SearchStrategy[str]:
    return st.text(alphabet=alphabet, min_size=shortest, max_size=longest or shortest)


def dotted(prefix: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda texts: prefix + ".".join(texts))


def looks_random(text: str) -> bool:
    return all(
        any(character in kind for character in text)
        for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    )


SECRETS = {
    "a Zoho token": dotted("1000.", random_text(HEX, 32), random_text(HEX, 32)),
    "a Zoho device code": dotted("1004.", random_text(HEX, 32), random_text(HEX, 32)),
    "half a Zoho token": dotted("1000.", random_text(HEX, 32)),
    "a Zoho client id": dotted("1000.", random_text(string.ascii_uppercase + string.digits, 30)),
    "a Zoho client secret": random_text(HEX, 42),
    "a Vault service token": dotted("hvs.", random_text(URL_SAFE, 24, 100)),
    "a Vault batch token": dotted("hvb.", random_text(URL_SAFE, 24, 100)),
    "a Vault recovery token": dotted("hvr.", random_text(URL_SAFE, 24, 100)),
    "an OpenBao service token": dotted("s.", random_text(ALPHANUMERIC, 24).filter(looks_random)),
    "an OpenBao batch token": dotted("b.", random_text(URL_SAFE, 60, 120).filter(looks_random)),
    "a JSON web token": dotted(
        "eyJ", random_text(URL_SAFE, 20, 40), random_text(URL_SAFE, 20, 60), random_text(URL_SAFE, 43)
    ),
    "a CRM header": random_text(ALPHANUMERIC, 8, 40).map("Zoho-oauthtoken {}".format),
    "a bearer header": random_text(ALPHANUMERIC, 20, 40).map("Bearer {}".format),
}


def secret_part(secret: str) -> str:
    return secret.rpartition(" ")[2]


@pytest.mark.parametrize("shape", SECRETS)
@settings(deadline=None)
@given(data=st.data())
def test_a_secret_never_survives_whatever_text_stands_around_it(shape: str, data: st.DataObject) -> None:
    secret = data.draw(SECRETS[shape])
    before, after = data.draw(st.text(max_size=20)), data.draw(st.text(max_size=20))
    assume(secret_part(secret) not in before + after)
    text = f"{before}{secret}{after}"
    assert secret_part(secret) not in redact_text(text)
    assert secret_part(secret).encode() not in bytes_of(redact(text.encode("utf-8", "replace")))


def bytes_of(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value


@settings(deadline=None)
@given(
    st.one_of(st.text(), *SECRETS.values(), st.lists(st.one_of(st.text(max_size=5), *SECRETS.values())).map("".join))
)
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


PAIRS: dict[str, Callable[[str], str]] = {
    "a form": "grant_type=refresh_token&refresh_token={}&client_id=x".format,
    "a query": "POST https://accounts.zoho.eu/oauth/v2/token?client_secret={} 200".format,
    "a repr": "Client(client_secret='{}', kind='self')".format,
    "JSON": '{{"access_token": "{}", "expires_in": 3600}}'.format,
    "JSON inside JSON": lambda secret: json.dumps(json.dumps({"refresh_token": secret})),
    "a Python dict": "{{'secret_id': '{}'}}".format,
    "a Python dict of bytes": "{{b'password': b'{}'}}".format,
    "a Vault header": "X-Vault-Token: {}".format,
    "a grant code": "http://localhost/callback?code={}&location=eu".format,
    "a password in a URL": "https://user:{}@vault.example:8200/v1".format,
}


@pytest.mark.parametrize("place", PAIRS)
@settings(deadline=None)
@given(secret=st.text(alphabet=ALPHANUMERIC + "-_.", min_size=4, max_size=40))
def test_what_stands_under_a_secret_name_is_hidden_whatever_its_shape(place: str, secret: str) -> None:
    shown = redact_text(PAIRS[place]("~" + secret + "~"))
    assert "~" not in shown
    assert HIDDEN in shown


def test_half_a_web_token_is_hidden_too() -> None:
    assert redact_text("jwt eyJhbGciOiJSUzI1NiIsImtpZCI6IjEyMzQ1Njc4OTAi") == "jwt ***"


HARMLESS = [
    "connection.refreshed",
    "crm-prod",
    "eu.crm.prod_2",
    "2026-11-24T03:15:32.973987Z",
    "https://accounts.zoho.eu/oauth/v2/token",
    "http://127.0.0.1:8200/v1/secret/data/zoho/credentials/crm-prod?list=true",
    "Zoho does not accept the refresh token (invalid_code): a grant code is a usual cause.",
    "The field 'refresh_token' is missing in secret/zoho/credentials/crm-prod.",
    "error code=403",
    "status_code=200",
    "requests.exceptions.ConnectTimeout",
    "HTTPSConnectionPool(host='vault.example', port=8200): Max retries exceeded",
    "zoho_tokend.core.errors.VaultUnavailable",
    "services.AuthenticationServiceUnavailable",
    "5f2b0e8c-54d3-4a56-9a4e-1f6a7b8c9d0e",
    "0123456789abcdef",
    "1000.5 ms",
    "Basic authentication is not offered",
    "3 tokens, 2 secrets, no password",
    "greyJacket",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@settings(deadline=None)
@given(st.from_regex(r"[A-Za-z0-9_-](?:[A-Za-z_-]{0,30}[A-Za-z0-9_-])?", fullmatch=True))
def test_a_name_stays_as_it_is(name: str) -> None:
    assert redact(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "access_token",
        "refresh_token",
        "client_secret",
        "Authorization",
        "code",
        "X-Vault-Token",
        "jwt",
        "secret_id",
        "clientToken",
        "vault_password",
    ],
)
def test_a_secret_name_hides_its_value(name: str) -> None:
    assert redact_fields({name: "plain words"}) == {name: HIDDEN}


@pytest.mark.parametrize("name", ["token_type", "unsaved_tokens", "expires_at", "state", "status_code", "connection"])
def test_a_name_that_only_sounds_like_a_secret_hides_nothing(name: str) -> None:
    assert redact_fields({name: "plain words"}) == {name: "plain words"}


def test_a_missing_secret_is_still_seen_to_be_missing() -> None:
    assert redact_fields({"token": None, "secret": True}) == {"token": None, "secret": True}


def test_nested_values_keep_their_shape() -> None:
    nested = {"request": [{"headers": {"authorization": "Zoho-oauthtoken abc"}}, ("a", 1)], "body": b"code=abcdefgh"}
    assert redact(nested) == {
        "request": [{"headers": {"authorization": HIDDEN}}, ["a", 1]],
        "body": b"code=" + HIDDEN.encode(),
    }


def test_a_secret_is_hidden_as_a_key_too() -> None:
    assert redact({"hvs.CAESIJlU9JMYEhOPYv4igdhm9PnZDrabYTobQ4Ymnlq1qY-k": 1}) == {HIDDEN: 1}


def test_other_values_become_their_text() -> None:
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    assert redact({"a": moment, "b": Secret("plain"), "c": ValueError("token=abc"), "d": float("inf")}) == {
        "a": str(moment),
        "b": "Secret(***)",
        "c": "token=***",
        "d": "inf",
    }


def test_a_value_that_cannot_be_shown_is_named() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert redact([Broken()]) == ["(a Broken that cannot be shown)"]


def test_a_value_that_holds_itself_comes_to_an_end() -> None:
    knot: list[object] = []
    knot.append(knot)
    assert "too deeply" in json.dumps(redact(knot))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON)
def test_nothing_makes_it_raise(value: object) -> None:
    redact(value)
