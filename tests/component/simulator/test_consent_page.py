import base64
import hashlib
from datetime import timedelta

import httpx
import pytest

from tests.component.simulator.visiting import (
    accepted,
    consent_url,
    exchanged,
    fragment,
    order,
    query,
    rejected,
)
from zoho_simulator import Client, ClientKind, Zoho
from zoho_simulator.control_requests import AddClient

VERIFIER = "v" * 43
S256 = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def client(zoho: Zoho) -> Client:
    return zoho.add_client("Nightly export", also_in=["eu"])


async def test_the_page_shows_who_asks_who_is_asked_and_each_scope_by_itself(
    zoho: Zoho, http: httpx.AsyncClient, client: Client
) -> None:
    page = (await http.get(consent_url(zoho.us, client))).text
    for shown in (
        "Nightly export",
        "ann@example.com",
        "bob@example.com",
        "<code>ZohoCRM.modules.READ</code>",
        "<code>ZohoCRM.users.READ</code>",
    ):
        assert shown in page


async def test_a_page_is_kept_by_nobody_and_loads_nothing_but_its_style(
    zoho: Zoho, http: httpx.AsyncClient, client: Client
) -> None:
    answer = await http.get(consent_url(zoho.us, client))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    style = await http.get(f"{zoho.us.accounts_server}/pages/style.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "url(" not in style.text


async def test_whatever_a_client_is_called_it_is_shown_as_text(zoho: Zoho, http: httpx.AsyncClient) -> None:
    client = zoho.add_client('<script>alert("1")</script>')
    page = (await http.get(consent_url(zoho.us, client))).text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


async def test_yes_sends_the_browser_back_as_zoho_does(zoho: Zoho, http: httpx.AsyncClient, client: Client) -> None:
    answer = await accepted(http, consent_url(zoho.us, client))
    assert answer.headers["location"].startswith(f"{client.redirect_uris[0]}?state=")
    assert answer.headers["location"].endswith("&")
    assert order(answer) == ["state", "code", "location", "accounts-server"]
    assert query(answer)["state"] == "s 1&2"
    assert (query(answer)["location"], query(answer)["accounts-server"]) == ("us", zoho.us.accounts_server)


async def test_the_code_brings_both_tokens_once(zoho: Zoho, http: httpx.AsyncClient, client: Client) -> None:
    code = query(await accepted(http, consent_url(zoho.us, client)))["code"]
    assert {"access_token", "refresh_token"} <= (await exchanged(http, zoho.us, client, code)).keys()
    assert await exchanged(http, zoho.us, client, code) == {"error": "invalid_code"}


async def test_the_code_lives_two_minutes(zoho: Zoho, http: httpx.AsyncClient, client: Client) -> None:
    code = query(await accepted(http, consent_url(zoho.us, client)))["code"]
    zoho.advance(timedelta(minutes=2))
    assert await exchanged(http, zoho.us, client, code) == {"error": "invalid_code"}


async def test_no_says_access_denied_and_gives_the_state_back(
    zoho: Zoho, http: httpx.AsyncClient, client: Client
) -> None:
    assert query(await rejected(http, consent_url(zoho.us, client))) == {"state": "s 1&2", "error": "access_denied"}


async def test_without_a_state_none_comes_back(zoho: Zoho, http: httpx.AsyncClient, client: Client) -> None:
    assert order(await accepted(http, consent_url(zoho.us, client, state=None)))[0] == "code"


async def test_a_query_that_the_redirect_uri_has_of_its_own_stays(zoho: Zoho, http: httpx.AsyncClient) -> None:
    client = zoho.add_client(redirect_uris=("http://127.0.0.1/back?app=1",))
    assert order(await accepted(http, consent_url(zoho.us, client)))[:2] == ["app", "state"]


@pytest.mark.parametrize(
    ("changes", "brings"),
    [
        pytest.param({}, True, id="offline and prompted: another one"),
        pytest.param({"prompt": None}, False, id="offline and not prompted: none the second time"),
        pytest.param({"access_type": "online"}, False, id="online: none"),
        pytest.param({"access_type": None}, False, id="the default is online: none"),
    ],
)
async def test_whether_a_repeated_consent_brings_a_refresh_token(
    zoho: Zoho, http: httpx.AsyncClient, client: Client, changes: dict[str, str | None], *, brings: bool
) -> None:
    zoho.consent(client)
    code = query(await accepted(http, consent_url(zoho.us, client, **changes)))["code"]
    assert ("refresh_token" in await exchanged(http, zoho.us, client, code)) == brings


async def test_control_can_register_the_redirect_uris_of_a_client(zoho: Zoho, http: httpx.AsyncClient) -> None:
    AddClient(name="by control", redirect_uris=("http://localhost:8400/back",)).carry_out(zoho)
    answer = await accepted(http, consent_url(zoho.us, zoho.client("by control")))
    assert answer.headers["location"].startswith("http://localhost:8400/back?")


# --- another data centre


async def test_a_person_of_another_data_centre_is_named_with_it_and_the_code_is_known_there_alone(
    zoho: Zoho, http: httpx.AsyncClient, client: Client
) -> None:
    back = query(await accepted(http, consent_url(zoho.us, client), "bob@example.com"))
    assert (back["location"], back["accounts-server"]) == ("eu", zoho.eu.accounts_server)
    assert await exchanged(http, zoho.us, client, back["code"]) == {"error": "invalid_code"}
    assert "refresh_token" in await exchanged(http, zoho.eu, client, back["code"])


async def test_a_person_whose_data_centre_does_not_know_the_client_learns_so_and_is_sent_nowhere(
    zoho: Zoho, http: httpx.AsyncClient
) -> None:
    answer = await accepted(http, consent_url(zoho.us, zoho.add_client()), "bob@example.com")
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert "not enabled in bob@example.com's data centre" in answer.text


# --- what is not in order


@pytest.mark.parametrize(
    ("kind", "changes", "error"),
    [
        pytest.param("server", {"client_id": "1000.NOBODY"}, "invalid_client", id="an unknown client"),
        pytest.param("server", {"client_id": None}, "invalid_client", id="no client"),
        pytest.param("self", {}, "invalid_client", id="a self client"),
        pytest.param("device", {}, "invalid_client", id="a non-browser client"),
        pytest.param(
            "server", {"redirect_uri": "http://127.0.0.1/callback/"}, "invalid_redirect_uri", id="one letter more"
        ),
        pytest.param("server", {"redirect_uri": None}, "invalid_redirect_uri", id="no redirect URI"),
        pytest.param("server", {"response_type": "token"}, "invalid_response_type", id="a server asks for a token"),
        pytest.param("javascript", {"response_type": "code"}, "invalid_response_type", id="a script asks for a code"),
        pytest.param("server", {"response_type": None}, "invalid_response_type", id="no response type"),
        pytest.param("server", {"scope": "everything"}, "invalid_scope", id="an unknown scope"),
        pytest.param("server", {"scope": None}, "invalid_scope", id="no scope"),
        pytest.param("mobile", {}, "invalid_code_challenge", id="a mobile client without PKCE"),
        pytest.param("server", {"code_challenge": "short"}, "invalid_code_challenge", id="a challenge too short"),
        pytest.param(
            "server",
            {"code_challenge": S256, "code_challenge_method": "S512"},
            "invalid_code_challenge",
            id="an unknown method",
        ),
    ],
)
async def test_what_is_not_in_order_is_told_on_a_page_and_never_sent_to_the_redirect_uri(
    zoho: Zoho, http: httpx.AsyncClient, kind: ClientKind, changes: dict[str, str | None], error: str
) -> None:
    url = consent_url(zoho.us, zoho.add_client(kind=ClientKind(kind)), **changes)
    for answer in (await http.get(url), await accepted(http, url), await rejected(http, url)):
        assert (answer.status_code, "location" in answer.headers) == (400, False)
        assert f"<code>{error}</code>" in answer.text


async def test_a_client_is_unknown_where_it_is_not_enabled(zoho: Zoho, http: httpx.AsyncClient) -> None:
    assert "invalid_client" in (await http.get(consent_url(zoho.eu, zoho.add_client()))).text


async def test_nobody_but_the_people_on_the_page_can_say_yes(
    zoho: Zoho, http: httpx.AsyncClient, client: Client
) -> None:
    answer = await accepted(http, consent_url(zoho.us, client), "mallory@example.com")
    assert (answer.status_code, "location" in answer.headers) == (400, False)


# --- PKCE


@pytest.mark.parametrize(
    ("sent", "verifier", "fits"),
    [
        pytest.param({"code_challenge": S256, "code_challenge_method": "S256"}, VERIFIER, True, id="S256"),
        pytest.param({"code_challenge": S256, "code_challenge_method": "S256"}, "w" * 43, False, id="another verifier"),
        pytest.param({"code_challenge": VERIFIER}, VERIFIER, True, id="plain is the default"),
        pytest.param({"code_challenge": S256}, VERIFIER, False, id="S256 without being named is taken for plain"),
    ],
)
async def test_the_challenge_stays_with_the_code(
    zoho: Zoho, http: httpx.AsyncClient, sent: dict[str, str], verifier: str, *, fits: bool
) -> None:
    client = zoho.add_client(kind=ClientKind.MOBILE)
    code = query(await accepted(http, consent_url(zoho.us, client, **sent)))["code"]
    answer = await exchanged(http, zoho.us, client, code, code_verifier=verifier)
    assert ("refresh_token" in answer) == fits


# --- a script in a browser


async def test_a_javascript_client_gets_an_access_token_in_the_fragment_and_never_a_refresh_token(
    zoho: Zoho, http: httpx.AsyncClient
) -> None:
    client = zoho.add_client(kind=ClientKind.JAVASCRIPT)
    answer = await accepted(http, consent_url(zoho.us, client, response_type="token"))
    assert query(answer) == {}
    back = fragment(answer)
    assert list(back) == ["state", "access_token", "expires_in", "location", "api_domain"]
    header = {"Authorization": f"Zoho-oauthtoken {back['access_token']}"}
    assert (await http.get(f"{back['api_domain']}/crm/v8/org", headers=header)).status_code == 401  # no such scope
    assert (await http.get(f"{back['api_domain']}/crm/v8/users", headers=header)).status_code == 200


async def test_a_javascript_client_learns_of_a_no_in_the_fragment(zoho: Zoho, http: httpx.AsyncClient) -> None:
    client = zoho.add_client(kind=ClientKind.JAVASCRIPT)
    answer = await rejected(http, consent_url(zoho.us, client, response_type="token"))
    assert fragment(answer)["error"] == "access_denied"


# --- limits


async def test_the_eleventh_code_of_a_client_within_ten_minutes_is_access_denied(
    zoho: Zoho, http: httpx.AsyncClient, client: Client
) -> None:
    url, other = consent_url(zoho.us, client), consent_url(zoho.us, zoho.add_client("other"))
    answers = [await accepted(http, url) for _ in range(11)]
    assert ["code" in query(answer) for answer in answers] == [True] * 10 + [False]
    assert query(answers[10]) == {"state": "s 1&2", "error": "access_denied"}
    assert "code" in query(await accepted(http, other))
    zoho.advance(timedelta(minutes=10))
    assert "code" in query(await accepted(http, url))
