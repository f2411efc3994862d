import re
from datetime import timedelta

import httpx
import pytest

from tests.component.simulator.visiting import exchanged
from zoho_simulator import Client, ClientKind, Zoho

URI = "https://app.example.com/back"


@pytest.fixture
def console(zoho: Zoho) -> str:
    """Where the console of the first data centre is."""
    return f"{zoho.us.accounts_server}/console"


@pytest.fixture
def client(zoho: Zoho) -> Client:
    return zoho.add_client("Night jobs", kind=ClientKind.SELF)


async def create(http: httpx.AsyncClient, console: str, kind: ClientKind, **form: str | list[str]) -> httpx.Response:
    usual = {"name": "Night jobs", "redirect_uris": URI}
    return await http.post(f"{console}/new/{kind}", data={**usual, **form}, follow_redirects=True)


async def generate(http: httpx.AsyncClient, console: str, client: Client, **form: str) -> httpx.Response:
    usual = {"scope": "ZohoCRM.org.READ", "minutes": "3", "description": "Night jobs"}
    return await http.post(f"{console}/clients/{client.client_id}", data={**usual, **form})


def code(page: httpx.Response) -> str:
    found = re.search(r'<code id="code">([^<]+)</code>', page.text)
    assert found, page.text
    return found[1]


def secrets(page: httpx.Response) -> dict[str, str]:
    """By data centre."""
    return dict(re.findall(r'<code id="secret_(\w+)">(\w+)</code>', page.text))


@pytest.mark.parametrize("kind", ClientKind)
async def test_each_client_type_can_be_created_and_is_listed(
    zoho: Zoho, http: httpx.AsyncClient, console: str, kind: ClientKind
) -> None:
    assert (await http.get(f"{console}/new/{kind}")).status_code == 200
    page = await create(http, console, kind)
    (made,) = zoho.admin.clients("us")
    assert (made.name, made.kind, made.home) == ("Night jobs", kind, "us")
    assert secrets(page) == {"us": made.client_secret}
    assert made.client_id in page.text
    assert made.client_id in (await http.get(console)).text


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (ClientKind.SERVER, True),
        (ClientKind.JAVASCRIPT, True),
        (ClientKind.MOBILE, True),
        (ClientKind.DEVICE, False),
        (ClientKind.SELF, False),
    ],
)
async def test_a_redirect_uri_is_asked_where_there_is_a_redirect(
    http: httpx.AsyncClient, console: str, kind: ClientKind, *, asked: bool
) -> None:
    assert ('name="redirect_uris"' in (await http.get(f"{console}/new/{kind}")).text) == asked


async def test_several_redirect_uris_stand_one_a_line(zoho: Zoho, http: httpx.AsyncClient, console: str) -> None:
    await create(http, console, ClientKind.SERVER, redirect_uris=f"{URI}\r\nhttp://127.0.0.1:8400/callback\r\n")
    assert zoho.admin.clients("us")[0].redirect_uris == (URI, "http://127.0.0.1:8400/callback")


@pytest.mark.parametrize(
    ("kind", "form", "complaint"),
    [
        pytest.param(ClientKind.SERVER, {"name": ""}, "valid client name", id="no name"),
        pytest.param(ClientKind.SERVER, {"name": "night-jobs"}, "valid client name", id="a hyphen in the name"),
        pytest.param(ClientKind.SERVER, {"redirect_uris": ""}, "valid redirect URIs", id="no redirect URI"),
        pytest.param(ClientKind.SERVER, {"redirect_uris": "app.example.com"}, "valid redirect URIs", id="no scheme"),
        pytest.param(ClientKind.SERVER, {"redirect_uris": "myapp://back"}, "valid redirect URIs", id="own scheme"),
        pytest.param(ClientKind.MOBILE, {"redirect_uris": "https://"}, "valid redirect URIs", id="no host"),
        pytest.param(ClientKind.SERVER, {"redirect_uris": "http://[back"}, "valid redirect URIs", id="no URL at all"),
        pytest.param(ClientKind.SERVER, {"redirect_uris": f"{URI}/zurück"}, "valid redirect URIs", id="an umlaut"),
        pytest.param(ClientKind.SERVER, {"redirect_uris": f"{URI}#top"}, "valid redirect URIs", id="a fragment"),
    ],
)
async def test_a_form_that_is_not_in_order_comes_back_with_its_texts(
    zoho: Zoho, http: httpx.AsyncClient, console: str, kind: ClientKind, form: dict[str, str], complaint: str
) -> None:
    page = await create(http, console, kind, **form)
    assert (page.status_code, complaint in page.text) == (400, True)
    assert form.get("redirect_uris", URI) in page.text
    assert not zoho.admin.clients("us")


async def test_an_app_on_a_phone_may_have_a_scheme_of_its_own(
    zoho: Zoho, http: httpx.AsyncClient, console: str
) -> None:
    await create(http, console, ClientKind.MOBILE, redirect_uris="myapp://back")
    assert zoho.admin.clients("us")[0].redirect_uris == ("myapp://back",)


@pytest.mark.parametrize(
    ("form", "different"), [pytest.param({}, 2, id="own secrets"), pytest.param({"same_secret": "yes"}, 1, id="one")]
)
async def test_a_client_of_several_data_centres_has_a_secret_in_each_unless_they_are_to_be_the_same(
    http: httpx.AsyncClient, console: str, form: dict[str, str], different: int
) -> None:
    page = await create(http, console, ClientKind.SERVER, also_in=["eu", "nowhere"], **form)
    assert secrets(page).keys() == {"us", "eu"}
    assert len(set(secrets(page).values())) == different


async def test_each_data_centre_has_a_console_of_its_own(
    zoho: Zoho, http: httpx.AsyncClient, console: str, client: Client
) -> None:
    elsewhere = f"{zoho.eu.accounts_server}/console"
    assert client.client_id in (await http.get(console)).text
    assert client.client_id not in (await http.get(elsewhere)).text
    assert (await http.get(f"{elsewhere}/clients/{client.client_id}")).status_code == 404


@pytest.mark.parametrize("path", ["new/toaster", "clients/1000.NOBODY"])
async def test_what_is_not_there_is_not_found(http: httpx.AsyncClient, console: str, path: str) -> None:
    assert (await http.get(f"{console}/{path}")).status_code == 404


# --- codes of self clients


@pytest.mark.parametrize("minutes", [3, 5, 7, 10])
async def test_a_generated_code_lives_as_long_as_was_chosen(
    zoho: Zoho, http: httpx.AsyncClient, console: str, client: Client, minutes: int
) -> None:
    first, second = [code(await generate(http, console, client, minutes=str(minutes))) for _ in range(2)]
    zoho.advance(timedelta(minutes=minutes) - timedelta(seconds=1))
    assert "refresh_token" in await exchanged(http, zoho.us, client, first)
    zoho.advance(timedelta(seconds=1))
    assert await exchanged(http, zoho.us, client, second) == {"error": "invalid_code"}


async def test_the_description_stands_beside_the_code(http: httpx.AsyncClient, console: str, client: Client) -> None:
    assert "&lt;b&gt;Stock" in (await generate(http, console, client, description="<b>Stock")).text


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        pytest.param({"minutes": "4"}, "Choose a duration of 3, 5, 7, 10 minutes", id="a duration not on the list"),
        pytest.param({"minutes": "long"}, "Choose a duration", id="no duration"),
        pytest.param({"scope": "everything"}, "Enter a valid scope", id="an unknown scope"),
    ],
)
async def test_no_code_is_generated_from_a_form_that_is_not_in_order(
    http: httpx.AsyncClient, console: str, client: Client, form: dict[str, str], complaint: str
) -> None:
    page = await generate(http, console, client, **form)
    assert (page.status_code, complaint in page.text, 'id="code"' in page.text) == (400, True, False)


async def test_only_a_self_client_gets_a_code_here(zoho: Zoho, http: httpx.AsyncClient, console: str) -> None:
    server = zoho.add_client()
    assert "Generate code" not in (await http.get(f"{console}/clients/{server.client_id}")).text
    assert (await generate(http, console, server)).status_code == 400


async def test_the_eleventh_code_within_ten_minutes_is_refused(
    http: httpx.AsyncClient, console: str, client: Client
) -> None:
    pages = [await generate(http, console, client) for _ in range(11)]
    assert [page.status_code for page in pages] == [200] * 10 + [400]
    assert "Too many codes" in pages[10].text
