"""Whatever a person does wrong has its own sentence, ends with 1, and leaves nothing half-written in Vault."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.support.people.consent_desk import REDIRECT_URI, SCOPE, Desk
from tests.support.people.consent_flows import ANN, BOB, by_browser, by_client_credentials, by_device, by_self_client
from tests.support.processes.process import Finished
from zoho_simulator import Client, ClientKind
from zoho_simulator.faults import error

Slip = Callable[[Desk], Finished]


def pasting(desk: Desk, address: Callable[[str], str]) -> Finished:
    """The person pastes this address, made of that of the consent page."""
    arguments = ("authorize", "web", "crm-prod", "--client=app", f"--scope={SCOPE}", "--paste")
    with desk.begin(*arguments) as command:
        return command.finish(address(desk.page(command.says("code_challenge_method"))))


def with_a_code(desk: Desk, code: str) -> Finished:
    return desk.run("authorize", "self-client", "crm-prod", "--client=app", typed=(code,))


def redirected(page: str, **brought: str) -> str:
    """A redirect that answers the page, as Zoho makes it."""
    state = dict(parse_qsl(urlsplit(page).query))["state"]
    return f"{REDIRECT_URI}?{urlencode({'state': state} | brought)}&"


def refused(desk: Desk) -> Finished:
    desk.registered(ClientKind.SERVER)
    return by_browser(desk, "crm-prod", accepting=False)


def refused_on_the_device_page(desk: Desk) -> Finished:
    desk.registered(ClientKind.DEVICE)
    return by_device(desk, "crm-prod", decide=lambda desk, code: desk.site.zoho.refuse_device(code))


def expired(desk: Desk) -> Finished:
    application = desk.registered()
    code = desk.site.zoho.grant_code(application)
    desk.site.zoho.advance(timedelta(minutes=4))
    return with_a_code(desk, code)


def expired_in_the_browser(desk: Desk) -> Finished:
    desk.registered(ClientKind.SERVER)

    def late(page: str) -> str:
        address = desk.decided(page)
        desk.site.zoho.advance(timedelta(minutes=4))
        return address

    return pasting(desk, late)


def expired_on_the_device_page(desk: Desk) -> Finished:
    desk.registered(ClientKind.DEVICE)
    return by_device(desk, "crm-prod", decide=lambda desk, _code: desk.site.zoho.advance(timedelta(minutes=6)))


def used_twice(desk: Desk) -> Finished:
    application = desk.registered()
    code = desk.site.zoho.grant_code(application)
    used = desk.run("authorize", "self-client", "elsewhere", "--client=app", typed=(code,))
    assert used.code == 0, used.err
    return with_a_code(desk, code)


def wrong_redirect_uri(desk: Desk) -> Finished:
    desk.registered(ClientKind.SERVER)
    desk.site.zoho.fault(error("invalid_redirect_uri"))
    return by_browser(desk, "crm-prod")


def wrong_client_secret(desk: Desk) -> Finished:
    application = desk.application()
    desk.add(application, secret="f" * 42)
    return by_self_client(desk, "crm-prod")


def unknown_scope(desk: Desk) -> Finished:
    desk.registered(ClientKind.DEVICE)
    return desk.run("authorize", "device", "crm-prod", "--client=app", "--scope=Everything")


def unknown_scope_without_a_user(desk: Desk) -> Finished:
    desk.registered()
    return desk.run(
        *("authorize", "client-credentials", "crm-prod", "--client=app", "--scope=Everything", "--soid=ZohoCRM.1")
    )


def unknown_organisation(desk: Desk) -> Finished:
    desk.registered()
    return by_client_credentials(desk, "crm-prod", soid="Tidewater")


def another_data_centre(desk: Desk) -> Finished:
    desk.registered(ClientKind.SERVER, same_secret=False)
    return by_browser(desk, "crm-prod", user=BOB)


def another_data_centre_on_the_device_page(desk: Desk) -> Finished:
    desk.registered(ClientKind.DEVICE, same_secret=False)
    return by_device(desk, "crm-prod", decide=lambda desk, code: desk.site.zoho.approve_device(code, BOB))


def _codes(desk: Desk, application: Client, *, offline: bool = True, prompt: bool = True) -> Callable[[str], str]:
    """A redirect with a code for which nobody used our page."""
    code = desk.site.zoho.grant_code(application, ANN, SCOPE, offline=offline, prompt=prompt)
    return lambda page: redirected(page, code=code)


def online(desk: Desk) -> Finished:
    application = desk.registered(ClientKind.SERVER)
    return pasting(desk, _codes(desk, application, offline=False))


def repeated_without_the_page(desk: Desk) -> Finished:
    application = desk.registered(ClientKind.SERVER)
    desk.site.zoho.consent(application, ANN)
    return pasting(desk, _codes(desk, application, prompt=False))


def a_client_for_others(desk: Desk) -> Finished:
    desk.registered(connections="sales,crm-test-*")
    return with_a_code(desk, "a-code-to-keep")


def a_client_for_another_grant_type(desk: Desk) -> Finished:
    desk.registered(connections="crm-prod", grant_types="refresh_token")
    return by_client_credentials(desk, "crm-prod")


def wrong_state(desk: Desk) -> Finished:
    desk.registered(ClientKind.SERVER)
    return pasting(desk, lambda page: desk.decided(page).replace("state=", "state=x"))


def no_code(desk: Desk) -> Finished:
    desk.registered(ClientKind.SERVER)
    return pasting(desk, lambda _page: "https://www.example.com/somewhere/else")


def a_strange_accounts_server(desk: Desk) -> Finished:
    desk.registered(ClientKind.SERVER)
    return pasting(desk, lambda page: redirected(page, code="1000.x", **{"accounts-server": "https://evil.example"}))


def wrong_kind(desk: Desk) -> Finished:
    desk.registered(ClientKind.DEVICE)
    return with_a_code(desk, "a-code-to-keep")


def unknown_client(desk: Desk) -> Finished:
    return with_a_code(desk, "a-code-to-keep")


def zoho_is_away(desk: Desk) -> Finished:
    application = desk.registered()
    code = desk.site.zoho.grant_code(application)
    desk.site.zoho.fault(error("general_error"))
    return with_a_code(desk, code)


@pytest.mark.parametrize(
    ("slip", "sentence"),
    [
        (refused, "the consent was refused on Zoho's page"),
        (refused_on_the_device_page, "the consent was refused on Zoho's page"),
        (expired, "Zoho does not accept the code: it expired, was used before,"),
        (expired_in_the_browser, "Zoho does not accept the code: it expired, was used before,"),
        (expired_on_the_device_page, "the user code expired before anybody accepted it"),
        (used_twice, "Zoho does not accept the code: it expired, was used before,"),
        (wrong_redirect_uri, "Zoho does not accept the redirect URI"),
        (wrong_client_secret, "Zoho does not accept the client"),
        (unknown_scope, "Zoho does not know one of the scopes"),
        (unknown_scope_without_a_user, "Zoho does not know one of the scopes"),
        (unknown_organisation, "Zoho does not know the organisation: soid is ZohoCRM."),
        (another_data_centre, "the client app has no secret for http://"),
        (another_data_centre_on_the_device_page, "the client app has no secret for http://"),
        (a_client_for_others, "the field 'connections' of the client app does not name crm-prod: add it there"),
        (a_client_for_another_grant_type, "the field 'grant_types' of the client app does not name client_credentials"),
        (online, "Zoho gave no refresh token"),
        (repeated_without_the_page, "Zoho gave no refresh token"),
        (wrong_state, "the redirect answers another request than the one begun here, for its state differs"),
        (no_code, "the redirect holds no code"),
        (a_strange_accounts_server, "the redirect names the accounts server https://evil.example, which is neither"),
        (wrong_kind, "the client app is of the kind device: use `authorize device` for it"),
        (unknown_client, "there is no client app in Vault: add it with `zoho-tokend client add app`"),
        (zoho_is_away, "Zoho gave no usable answer to the code, which is good for one use and may be spent"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_slip_has_its_sentence_and_leaves_nothing_behind(desk: Desk, slip: Slip, sentence: str) -> None:
    ended = slip(desk)
    assert (ended.code, ended.out) == (1, "")
    *_, last = ended.err.splitlines()
    assert last.startswith(f"zoho-tokend: {sentence}"), ended.err
    assert (desk.version("credentials/crm-prod"), desk.version("tokens/crm-prod")) == (0, 0)
    assert list(desk.folder.iterdir()) == []


@pytest.mark.parametrize("how", ["web", "device", "self-client"])
def test_a_server_that_is_not_allowed_is_never_shown(desk: Desk, how: str) -> None:
    """Nor is anything asked of the person: whoever wrote the client's record would have their sign-in."""
    evil = "https://accounts.zoho.com.evil.example"
    desk.site.corner.put("clients/app", client_id="1000.A", client_secret="a", accounts_server=evil)
    scope = () if how == "self-client" else (f"--scope={SCOPE}",)
    ended = desk.run("authorize", how, "crm-prod", "--client=app", *scope)
    assert (ended.code, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    assert line.startswith(f"zoho-tokend: the accounts server {evil} is neither Zoho's own nor allowed"), ended.err


def test_a_connection_that_is_there_is_replaced_only_on_request(desk: Desk) -> None:
    application = desk.registered()
    by_self_client(desk, "crm-prod")
    code = desk.site.zoho.grant_code(application)
    ended = with_a_code(desk, code)
    assert (ended.code, desk.version("credentials/crm-prod")) == (1, 1)
    assert ended.err.startswith("zoho-tokend: crm-prod has a credential already: pass --replace")
    kept = desk.run("authorize", "self-client", "crm-prod", "--client=app", "--replace", typed=(code,))
    assert kept.code == 0, "the code was spent by a refusal"


def test_a_policy_that_may_not_write_is_noticed_before_the_code_is_spent(desk: Desk) -> None:
    application = desk.registered()
    admin = desk.site.corner.admin
    may_read = admin.policy(f'path "{desk.site.corner.mount}/*" {{ capabilities = ["read", "list"] }}')
    code = desk.site.zoho.grant_code(application)
    arguments = ("authorize", "self-client", "crm-prod", "--client=app")
    ended = desk.run(*arguments, typed=(code,), VAULT_TOKEN=admin.token(may_read).reveal())
    assert ended.code == 1
    assert "zoho-tokend: Vault's policy does not let you create and update" in ended.err
    assert desk.version("credentials/crm-prod") == 0
    assert desk.run(*arguments, typed=(code,)).code == 0, "the code was spent"


def test_the_eleventh_code_in_ten_minutes_is_told_apart_from_a_refusal_by_its_sentence(desk: Desk) -> None:
    desk.registered(ClientKind.SERVER)

    def eleventh(page: str) -> str:
        for _ in range(10):
            assert "code=" in desk.decided(page)
        return desk.decided(page)

    assert "or Zoho gives this client no more codes for now (10 in 10 minutes)" in pasting(desk, eleventh).err
