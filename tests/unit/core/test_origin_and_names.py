"""What may be an accounts server, and what may be a connection's name."""

import pickle

import pytest

from zoho_tokend.core.model import Secret, connection_name
from zoho_tokend.core.origin import parse_origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://accounts.zoho.eu", "https://accounts.zoho.eu"),
        ("HTTPS://Accounts.Zoho.EU", "https://accounts.zoho.eu"),
        ("https://accounts.zoho.eu:443", "https://accounts.zoho.eu"),
        ("https://accounts.zoho.eu:8443", "https://accounts.zoho.eu:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_origin_is_compared_in_one_form(text: str, origin: str) -> None:
    assert str(parse_origin(text)) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "accounts.zoho.eu",
        "//accounts.zoho.eu",
        "https://accounts.zoho.eu/",
        "https://accounts.zoho.eu/oauth",
        "https://accounts.zoho.eu?x",
        "https://accounts.zoho.eu#x",
        "https://accounts.zoho.eu.",
        "https://accounts..zoho.eu",
        "https://accounts.zoho.eu@evil.example",
        "https://user:pass@accounts.zoho.eu",
        "https://accounts.zoho.eu:",
        "https://accounts.zoho.eu:0",
        "https://accounts.zoho.eu:99999",
        "https://accounts.zoho.eu:443:443",
        "https://accounts.zoho.eu\\@evil.example",
        "https://accounts.zoho.eu%2eevil.example",
        "https://\u0430ccounts.zoho.eu",
        " https://accounts.zoho.eu",
        "https://accounts.zoho.eu\n",
        "http://accounts.zoho.eu",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "ftp://accounts.zoho.eu",
        "javascript:alert(1)",
    ],
)
def test_anything_beyond_an_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="accounts server"):
        parse_origin(text)


def test_a_refused_origin_is_not_repeated_for_it_may_hold_a_password() -> None:
    with pytest.raises(ValueError, match="accounts server") as refusal:
        parse_origin("https://user:canary@accounts.zoho.eu")
    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize("text", ["crm-prod", "a", "A_1.b", "0", "x" * 128])
def test_a_connection_may_be_called(text: str) -> None:
    assert connection_name(text) == text


@pytest.mark.parametrize("text", ["", ".", "..", "a.", ".a", "a/b", "a b", "ä", "a\n", "x" * 129, "a%2f", "<b>"])
def test_a_connection_may_not_be_called(text: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        connection_name(text)


def test_a_secret_never_prints_itself() -> None:
    secret = Secret("1000.canary")
    assert "canary" not in f"{secret} {secret!r} {[secret]} {secret.fingerprint()}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_secrets_are_equal_by_their_text() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a").fingerprint() == Secret("a").fingerprint()
