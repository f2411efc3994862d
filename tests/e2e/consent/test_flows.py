"""Each flow from the application to a connection that lives, by the real command beside a running daemon."""

from pathlib import Path

import pytest

from tests.support.people.consent_desk import SCOPE, Desk, a_desk
from tests.support.people.consent_flows import (
    BOB,
    FLOWS,
    SOID,
    Flow,
    by_browser,
    by_client_credentials,
    by_device,
    by_self_client,
)
from tests.support.places.site import BRISK, Site
from zoho_simulator import ClientKind

NAMES = ("self", "server", "mobile", "device", "own")
IDS = ["self client", "server-based", "mobile", "device", "client credentials"]


@pytest.mark.parametrize(("kind", "flow"), FLOWS, ids=IDS)
def test_a_flow_leaves_a_connection_that_works(desk: Desk, kind: ClientKind, flow: Flow) -> None:
    desk.registered(kind)
    done = flow(desk, "crm-prod")
    assert (done.code, done.out) == (0, ""), done.err
    where = f"{desk.site.corner.mount}/zoho/credentials/crm-prod"
    assert f"The credential of crm-prod is in Vault, at {where}, as version 1." in done.err
    assert "Zoho's API says: the token works; it belongs to Tidewater Looms (60001234567)." in done.err
    assert desk.site.versions("crm-prod") == 1
    assert list(desk.folder.iterdir()) == []


def test_a_consent_leaves_the_documented_record(desk: Desk) -> None:
    desk.registered()
    by_self_client(desk, "crm-prod", f"--scope={SCOPE}")
    credential = desk.credential()
    assert desk.site.zoho._directory.grant(str(credential.pop("refresh_token")))
    assert credential.pop("authorized_at")
    assert credential == {"client": "app", "accounts_server": desk.site.zoho.us.accounts_server, "scope": SCOPE}


def test_client_credentials_leave_the_documented_record(desk: Desk) -> None:
    desk.registered()
    by_client_credentials(desk, "crm-prod")
    credential = desk.credential()
    assert credential.pop("authorized_at")
    assert credential == {
        "client": "app",
        "grant_type": "client_credentials",
        "soid": SOID,
        "scope": SCOPE,
        "accounts_server": desk.site.zoho.us.accounts_server,
    }


@pytest.mark.parametrize("kind", [ClientKind.SERVER, ClientKind.DEVICE])
def test_a_person_of_another_data_centre_is_followed_there(desk: Desk, kind: ClientKind) -> None:
    desk.registered(kind)
    if kind is ClientKind.DEVICE:
        done = by_device(desk, "crm-prod", decide=lambda desk, code: desk.site.zoho.approve_device(code, BOB))
    else:
        done = by_browser(desk, "crm-prod", user=BOB)
    assert done.code == 0, done.err
    assert desk.credential()["accounts_server"] == desk.site.zoho.eu.accounts_server
    assert desk.site.token("crm-prod")["api_domain"] == desk.site.zoho.eu.api_domain


def test_a_device_shows_the_code_large_with_the_page_and_the_time_left(desk: Desk) -> None:
    desk.registered(ClientKind.DEVICE)
    with desk.at_terminal("authorize", "device", "crm-prod", "--client=app", f"--scope={SCOPE}") as command:
        command.says("next look in")
        lines = command.screen.splitlines()
        code = command.heard.partition("user_code=")[2].split()[0]
        assert "    " + "  ".join(code) in lines
        assert f"    {desk.site.zoho.us.accounts_server}/oauth/v3/device" in lines
        assert "within 5 minutes." in lines
        assert lines[-1].startswith("Waiting for the decision, 5 min left; next look in 1 s")
        desk.site.zoho.approve_device(code)
        assert command.end() == 0
        assert "Waiting" not in command.screen, "the countdown stays behind"


def test_a_scope_that_may_not_see_its_organisation_is_proved_all_the_same(desk: Desk) -> None:
    application = desk.registered()
    code = desk.site.zoho.grant_code(application, scope="ZohoCRM.modules.READ")
    done = desk.run("authorize", "self-client", "crm-prod", "--client=app", typed=(code,))
    assert done.code == 0
    assert "the token works; which organisation it belongs to is not shown without the scope" in done.err


def test_the_running_daemon_picks_each_new_connection_up_and_keeps_it_fresh(brisk_site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    desk = a_desk(brisk_site, folder)
    with brisk_site.daemon(**BRISK) as daemon:
        daemon.until_ready()
        listen = daemon.address.removeprefix("http://")
        for (kind, flow), name in zip(FLOWS, NAMES, strict=True):
            desk.add(desk.application(kind), f"app-{name}")
            done = flow(desk, name, client=f"app-{name}", LISTEN=listen, **BRISK)
            assert f"The daemon at {daemon.address} has picked {name} up: next refresh at" in done.err
            daemon.until(lambda name=name: brisk_site.versions(name) > 2, f"it refreshes {name} twice")  # type: ignore[misc]  # mypy cannot infer the default
