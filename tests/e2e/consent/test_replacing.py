"""A grant in the place of another: the old version is remembered, and the old token lives or dies as was asked."""

from typing import Any

import pytest

from tests.support.people.consent_desk import SCOPE, Desk
from tests.support.people.consent_flows import by_browser, by_client_credentials, by_self_client
from zoho_simulator import ClientKind, Endpoint
from zoho_simulator.faults import always, authentication_failure, html_502


def old_refresh_token(desk: Desk) -> str:
    desk.registered()
    assert by_self_client(desk, "crm-prod").code == 0
    return str(desk.credential()["refresh_token"])


def lives(desk: Desk, refresh_token: str) -> bool:
    return desk.site.zoho._directory.ledgers["us"].by_refresh_token(refresh_token) is not None


def version(desk: Desk, number: int) -> dict[str, Any]:
    answer: dict[str, Any] = desk.site.corner.admin.ask(
        "GET", f"{desk.site.corner.mount}/data/zoho/credentials/crm-prod?version={number}"
    )
    fields: dict[str, Any] = answer["data"]["data"]
    return fields


def test_replacing_keeps_the_old_version_and_the_old_refresh_token(desk: Desk) -> None:
    old = old_refresh_token(desk)
    done = by_self_client(desk, "crm-prod", "--replace")
    assert done.code == 0, done.err
    assert "Each consent adds a refresh token, and Zoho keeps 20 for a user and client" in done.err
    assert version(desk, 1)["refresh_token"] == old != desk.credential()["refresh_token"]
    assert lives(desk, old)


def test_the_old_refresh_token_is_revoked_where_that_was_asked_for(desk: Desk) -> None:
    old = old_refresh_token(desk)
    done = by_self_client(desk, "crm-prod", "--replace", "--revoke-old")
    assert done.code == 0, done.err
    assert "The replaced refresh token is revoked." in done.err
    assert not lives(desk, old)
    assert lives(desk, str(desk.credential()["refresh_token"]))


def test_the_old_refresh_token_is_not_revoked_before_the_new_one_works(desk: Desk) -> None:
    old = old_refresh_token(desk)
    desk.site.zoho.fault(always(authentication_failure()), endpoint=Endpoint.API)
    ended = by_self_client(desk, "crm-prod", "--replace", "--revoke-old")
    assert (ended.code, lives(desk, old)) == (1, True), ended.err


def test_the_old_refresh_token_is_left_alive_while_the_budget_defers_the_proof(desk: Desk) -> None:
    old = old_refresh_token(desk)
    for _ in range(7):
        desk.site.corner.put("tokens/crm-prod", **desk.site.token("crm-prod"))
    done = by_self_client(desk, "crm-prod", "--replace", "--revoke-old")
    assert done.code == 0, done.err
    assert "The first refresh waits until" in done.err
    assert "The replaced refresh token is left alive, for the new one has not proved itself yet." in done.err
    assert lives(desk, old)


def test_a_revocation_that_fails_says_that_the_old_one_may_live(desk: Desk) -> None:
    old = old_refresh_token(desk)
    for endpoint in (Endpoint.REVOKE, Endpoint.REVOKE_OLD):
        desk.site.zoho.fault(always(html_502()), endpoint=endpoint)
    ended = by_self_client(desk, "crm-prod", "--replace", "--revoke-old")
    assert (ended.code, lives(desk, old)) == (1, True)
    assert "zoho-tokend: the new grant works, and the replaced refresh token may be alive" in ended.err


def test_the_old_refresh_token_is_left_alive_for_another_that_uses_it(desk: Desk) -> None:
    old = old_refresh_token(desk)
    desk.site.corner.put("credentials/reports", **desk.credential())
    desk.site.corner.put("credentials/broken", client="app")
    ended = by_self_client(desk, "crm-prod", "--replace", "--revoke-old")
    assert (ended.code, lives(desk, old)) == (1, True)
    assert "the replaced refresh token was left alive, for reports still needs it" in ended.err


def test_there_is_nothing_to_revoke_after_client_credentials(desk: Desk) -> None:
    desk.registered()
    by_client_credentials(desk, "crm-prod")
    done = by_client_credentials(desk, "crm-prod", "--replace", "--revoke-old")
    assert done.code == 0, done.err
    assert "There was no old refresh token that could be revoked." in done.err


def test_revoking_goes_with_replacing(desk: Desk) -> None:
    slip = desk.run("authorize", "device", "crm-prod", "--client=app", f"--scope={SCOPE}", "--revoke-old")
    assert (slip.code, "--revoke-old goes with --replace" in slip.err) == (2, True)


def test_a_consent_is_renewed_by_the_name_of_its_connection_alone(desk: Desk) -> None:
    desk.registered(ClientKind.SERVER)
    assert by_browser(desk, "crm-prod").code == 0
    before = desk.credential()
    with desk.begin("authorize", "web", "--paste", "--replace", "crm-prod") as command:
        page = desk.page(command.says("code_challenge_method"))
        done = command.finish(desk.decided(page))
    assert done.code == 0, done.err
    after = desk.credential()
    assert (after["client"], after["scope"]) == (before["client"], before["scope"]) == ("app", SCOPE)
    assert after["refresh_token"] != before["refresh_token"]


def test_what_the_credential_before_does_not_name_is_asked_for(desk: Desk) -> None:
    desk.site.connect("crm-prod")
    done = desk.run("authorize", "web", "--replace", "crm-prod")
    assert done.code == 1
    assert "the credential of crm-prod that is to be replaced names no client: pass --client" in done.err


@pytest.mark.parametrize(("given", "missing"), [([], "--client"), (["--client=app"], "--scope")])
def test_a_first_consent_has_nothing_before_it(desk: Desk, given: list[str], missing: str) -> None:
    done = desk.run("authorize", "web", *given, "crm-prod")
    assert done.code == 2
    assert f"{missing} is missing: only --replace takes it from the credential that is there" in done.err
