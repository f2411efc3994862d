import re
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.samples.zoho_samples import outcome
from zoho_tokend.core.consent import GrantCode
from zoho_tokend.core.errors import (
    ConsentFailed,
    ConsentRefused,
    RedirectUnreadable,
    RedirectUriRejected,
    ScopeRejected,
    ServerNotAllowed,
    WrongState,
)
from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.zoho.consent import ConsentRequest, answers, consent_request, grant_code
from zoho_tokend.zoho.datacenters import AccountsServers

US = parse_origin("https://accounts.zoho.com")
EU = parse_origin("https://accounts.zoho.eu")
CALLBACK = "http://127.0.0.1:8976/callback"
CODE = "1000." + "ab" * 16 + "." + "cd" * 16
SERVERS = AccountsServers()


def counting(count: int) -> bytes:
    return bytes(range(count))


REQUEST = consent_request(
    accounts_server=US,
    client_id="1000.INVENTEDCLIENT",
    scope="ZohoCRM.modules.READ ZohoCRM.users.READ",
    redirect_uri=CALLBACK,
    random_bytes=counting,
)


def redirected(**parameters: str) -> str:
    named = {name.replace("_", "-") if name == "accounts_server" else name: text for name, text in parameters.items()}
    return f"{CALLBACK}?{urlencode({'state': REQUEST.state, **named})}"


def read(redirect: str, servers: AccountsServers = SERVERS) -> GrantCode:
    return grant_code(redirect, REQUEST, servers)


def test_the_url_asks_for_an_offline_consent_on_a_page_that_is_shown() -> None:
    parts = urlsplit(REQUEST.url)

    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://accounts.zoho.com/oauth/v2/auth"
    assert {name: value for name, (value,) in parse_qs(parts.query, strict_parsing=True).items()} == {
        "response_type": "code",
        "client_id": "1000.INVENTEDCLIENT",
        "scope": "ZohoCRM.modules.READ,ZohoCRM.users.READ",
        "redirect_uri": CALLBACK,
        "access_type": "offline",
        "prompt": "consent",
        "state": REQUEST.state,
        "code_challenge": "wsNdZaf3VpLTsEDmR5gPk2C6xYVWxKb0xcaG3O6kX10",
        "code_challenge_method": "S256",
    }


def test_scopes_stay_readable_in_the_url() -> None:
    assert "scope=ZohoCRM.modules.READ,ZohoCRM.users.READ&" in REQUEST.url


def test_the_challenge_is_that_of_the_standards_own_example() -> None:
    request = ConsentRequest(
        accounts_server=US,
        client_id="c",
        scope="s",
        redirect_uri=CALLBACK,
        state="t",
        verifier=Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    )

    assert "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&" in request.url


@given(st.binary(min_size=64, max_size=64))
def test_a_verifier_has_between_43_and_128_unreserved_characters(noise: bytes) -> None:
    request = consent_request(
        accounts_server=US, client_id="c", scope="s", redirect_uri=CALLBACK, random_bytes=lambda count: noise[:count]
    )

    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", request.verifier.reveal())
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", request.state)


def test_the_verifier_stands_in_neither_the_url_nor_a_repr() -> None:
    verifier = REQUEST.verifier.reveal()

    assert verifier not in REQUEST.url
    assert verifier not in repr(REQUEST)
    assert REQUEST.state not in repr(REQUEST)


def test_a_redirect_brings_the_code_with_everything_that_its_exchange_needs() -> None:
    assert read(redirected(code=CODE, location="us", accounts_server="https://accounts.zoho.com")) == GrantCode(
        code=Secret(CODE),
        accounts_server=US,
        redirect_uri=CALLBACK,
        verifier=REQUEST.verifier,
        location="us",
    )


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(lambda url: url, id="a whole address"),
        pytest.param(lambda url: f"  {url}\n", id="with space around it"),
        pytest.param(lambda url: f"{url}#_", id="with a fragment"),
        pytest.param(lambda url: f"{url}&", id="with a last ampersand"),
        pytest.param(lambda url: url.removeprefix("http://127.0.0.1:8976"), id="a path and query"),
        pytest.param(lambda url: url.partition("?")[2], id="a query"),
    ],
)
def test_a_redirect_is_read_however_much_of_it_is_given(shape: type[str]) -> None:
    assert read(shape(redirected(code=CODE))).code == Secret(CODE)


def test_a_user_of_another_data_centre_takes_the_code_there() -> None:
    code = read(redirected(code=CODE, location="EU", accounts_server="https://accounts.zoho.eu"))

    assert (code.accounts_server, code.moved_from, code.location) == (EU, US, "eu")


@pytest.mark.parametrize("also", [{}, {"location": "eu"}, {"accounts_server": ""}])
def test_without_an_accounts_server_the_code_goes_to_the_one_that_was_asked(also: dict[str, str]) -> None:
    code = read(redirected(code=CODE, **also))

    assert (code.accounts_server, code.moved_from) == (US, None)


def test_an_added_accounts_server_may_have_the_code() -> None:
    added = parse_origin("http://127.0.0.1:9000")

    assert read(redirected(code=CODE, accounts_server=str(added)), AccountsServers([added])).accounts_server == added


@pytest.mark.parametrize(
    "server",
    [
        "https://accounts.zoho.com.evil.example",
        "https://accounts.zoho.com@evil.example",
        "https://evil.example/accounts.zoho.com",
        "http://accounts.zoho.com",
        "https://accounts.zoho.com:8443",
        "accounts.zoho.com",
        "\u202ehttps://accounts.zoho.com",
    ],
)
def test_a_code_is_kept_from_an_accounts_server_that_is_not_allowed(server: str) -> None:
    with pytest.raises(ServerNotAllowed, match="not sent"):
        read(redirected(code=CODE, accounts_server=server))


@pytest.mark.parametrize("state", ["", "another", REQUEST.state[:-1], REQUEST.state + "x", REQUEST.state.lower(), "é"])
def test_a_redirect_with_another_state_is_not_ours(state: str) -> None:
    with pytest.raises(WrongState):
        read(redirected(code=CODE, state=state))


@pytest.mark.parametrize(
    ("redirect", "ours"),
    [
        pytest.param(redirected(code=CODE), True, id="a code"),
        pytest.param(redirected(error="access_denied"), True, id="a refusal"),
        pytest.param(redirected(code=CODE) + f"&code={CODE}", True, id="one that cannot be read"),
        pytest.param(redirected(code=CODE, state="another"), False, id="another state"),
        pytest.param(f"{CALLBACK}?error=access_denied", False, id="a refusal without a state"),
        pytest.param(CALLBACK, False, id="nothing"),
        pytest.param(f"{CALLBACK}?{'a=1&' * 50}state={REQUEST.state}", False, id="far too many parameters"),
    ],
)
def test_a_redirect_answers_by_its_state_alone(redirect: str, *, ours: bool) -> None:
    assert answers(redirect, REQUEST) is ours


def test_a_code_without_a_state_is_not_ours() -> None:
    with pytest.raises(WrongState):
        read(f"{CALLBACK}?code={CODE}")


def test_a_refusal_with_another_state_is_not_ours() -> None:
    with pytest.raises(WrongState):
        read(redirected(error="access_denied", state="another"))


@pytest.mark.parametrize("redirect", [redirected(error="access_denied"), f"{CALLBACK}?error=access_denied"])
def test_a_refusal_is_told_with_or_without_a_state(redirect: str) -> None:
    with pytest.raises(ConsentRefused, match="accept"):
        read(redirect)


def test_a_refusal_wins_over_a_code() -> None:
    with pytest.raises(ConsentRefused):
        read(redirected(error="access_denied", code=CODE))


@pytest.mark.parametrize(
    ("error", "expected"), [("invalid_scope", ScopeRejected), ("invalid_redirect_uri", RedirectUriRejected)]
)
def test_an_error_that_names_a_mistake_is_told_as_that(error: str, expected: type[ConsentFailed]) -> None:
    with pytest.raises(expected):
        read(redirected(error=error))


def test_an_unknown_error_is_not_repeated() -> None:
    with pytest.raises(ConsentFailed, match="begin again") as failure:
        read(redirected(error="\x1b[31mred"))
    assert "red" not in str(failure.value)


@pytest.mark.parametrize(
    "redirect",
    [
        pytest.param("", id="nothing"),
        pytest.param(CODE, id="the mere code"),
        pytest.param(CALLBACK, id="an address without a query"),
        pytest.param(REQUEST.url, id="the page of the consent itself"),
        pytest.param(redirected(code="1000.a b"), id="a code with a space"),
        pytest.param(redirected(code="1000.a\r\nX: 1"), id="a code with a line break"),
        pytest.param(redirected(code=""), id="an empty code"),
        pytest.param(redirected(code=CODE) + f"&code={CODE}", id="two codes"),
        pytest.param(redirected(code=CODE) + "&a=1" * 50, id="far too many parameters"),
        pytest.param(redirected(code=CODE) + "&a=" + "1" * 10_000, id="far too long"),
    ],
)
def test_a_redirect_without_one_clear_code_is_asked_for_again(redirect: str) -> None:
    with pytest.raises(RedirectUnreadable, match="whole address"):
        read(redirect)


unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PARAMETERS = st.dictionaries(
    st.sampled_from(["code", "state", "error", "location", "accounts-server", "scope"]),
    st.text(max_size=40) | st.sampled_from([REQUEST.state, CODE, "access_denied", "https://accounts.zoho.eu"]),
).map(lambda fields: f"{CALLBACK}?" + "&".join(f"{k}={quote(v, errors='replace')}" for k, v in fields.items()))


@unhurried
@given(st.text() | PARAMETERS)
@example("https://[::1?code=1")
@example("?code=\udcff&state=\udcff")
def test_any_text_is_a_code_for_an_allowed_server_or_one_of_our_errors(redirect: str) -> None:
    match outcome(read, redirect):
        case GrantCode(code=code, accounts_server=server):
            assert SERVERS.allows(server)
            assert code.reveal().isascii()
        case error:
            assert str(error).isprintable()
