"""What the process does at its start while something is not as it should be: it waits, or it ends and says why."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trustme

from tests.support.places.daemon_role import DaemonRole
from tests.support.places.site import Site, a_site
from tests.support.processes.process import Daemon, call
from tests.support.servers.openbao import Admin, Corner, new_corner, running
from tests.support.servers.relay_in_thread import relay_in_thread
from zoho_tokend.demo.openbao import OpenBao


def assert_waits(daemon: Daemon) -> None:
    """It is alive and not ready, tells so, and asks nothing of anybody else."""
    assert daemon.get("/livez").text == "ok"
    answer = daemon.get("/readyz")
    assert answer.status_code == 503
    assert "[-]vault-session failed: no live Vault session" in answer.text
    assert daemon.runs
    assert daemon.err == ""


def test_a_vault_that_is_away_is_waited_for(site: Site) -> None:
    site.connect("crm-prod")
    with relay_in_thread(site.corner.address) as relay:
        relay.cut()
        with site.daemon(VAULT_ADDR=relay.address) as daemon:
            complaint = daemon.until_told("login.unavailable")
            assert (
                complaint["error"]
                == f"no connection to Vault at {relay.address}: check VAULT_ADDR, and whether it runs"
            )
            assert_waits(daemon)
            relay.mend()
            daemon.until_ready()
            daemon.until_state("crm-prod", "fresh")


@pytest.fixture
def server_of_its_own() -> Iterator[OpenBao]:
    """For a test that leaves it unusable."""
    yield from running(OpenBao())


def test_a_sealed_vault_is_waited_for_and_called_sealed(server_of_its_own: OpenBao, tmp_path: Path) -> None:
    with closing(Admin(server_of_its_own)) as root, a_site(new_corner(root), tmp_path) as site:
        token = root.token("default").reveal()
        root.ask("POST", "sys/seal")
        with site.daemon(VAULT_TOKEN=token) as daemon:
            complaint = daemon.until_told("login.unavailable")
            assert complaint["error"] == f"Vault at {server_of_its_own.address} is sealed"
            assert_waits(daemon)
            reason = f"[-]vault-session failed: no live Vault session: {complaint['error']}\n"
            assert reason in daemon.get("/readyz?verbose").text
            assert daemon.get("/status").json()["vault"]["error"] == complaint["error"]
            assert str(complaint["error"]) in daemon.get("/").text


def test_a_vault_with_a_certificate_of_another_authority_is_waited_for_and_the_bundle_named(
    tls_corner: Corner, tmp_path: Path
) -> None:
    bundle = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    with a_site(tls_corner, tmp_path) as site, site.daemon(VAULT_CACERT=str(bundle)) as daemon:
        complaint = daemon.until_told("login.unavailable")
        assert f"not vouched for by the authorities in use: {bundle} (VAULT_CACERT)" in str(complaint["error"])
        assert_waits(daemon)


def test_a_wrong_secret_id_ends_it_with_one_line_that_names_the_settings(site: Site) -> None:
    role = DaemonRole(site.corner)
    with site.daemon(**role.settings | {"VAULT_SECRET_ID": "11111111-2222-3333-4444-555555555555"}) as daemon:
        assert daemon.exit_code() == 1
        assert daemon.err == (
            f"zoho-tokend: Vault refuses the login at {role.login_path} (status 400): "
            "check VAULT_ROLE_ID, VAULT_SECRET_ID, VAULT_AUTH_MOUNT\n"
        )


def test_a_token_that_vault_does_not_know_ends_it_with_one_line(site: Site) -> None:
    with site.daemon(VAULT_TOKEN="s.111111111111111111111111") as daemon:
        assert daemon.exit_code() == 1
        assert daemon.err == (
            "zoho-tokend: Vault does not know the token of VAULT_TOKEN: it is wrong, expired or revoked\n"
        )


def test_every_problem_of_the_settings_is_told_at_once_and_no_value_that_is_secret() -> None:
    finished = call(
        "run",
        environment={
            "ZOHO_TOKEND_VAULT_AUTH": "approle",
            "ZOHO_TOKEND_VAULT_SECRET_ID": "CANARY",
            "ZOHO_TOKEND_REFRESH_AT": "2",
            "ZOHO_TOKEND_LISTEN": "everywhere",
            "ZOHO_TOKEND_REFRESH_ATT": "0.5",
        },
    )
    assert (finished.code, finished.out) == (1, "")
    for problem in (
        "VAULT_ADDR is missing",
        "needs VAULT_ROLE_ID or VAULT_ROLE_ID_FILE",
        "REFRESH_AT (environment variable ZOHO_TOKEND_REFRESH_AT): '2' is refused; accepted: a number from 0.2 to 0.95",
        "LISTEN (environment variable ZOHO_TOKEND_LISTEN): 'everywhere' is refused; accepted: host:port",
        "there is no such setting; did you mean REFRESH_AT?",
    ):
        assert problem in finished.err
    assert "Traceback" not in finished.err
    assert "CANARY" not in finished.err


def test_an_address_that_is_taken_ends_it_with_one_line(site: Site) -> None:
    with site.daemon() as first, site.daemon(LISTEN=first.address.removeprefix("http://")) as second:
        assert second.exit_code() == 1
        assert re.fullmatch(
            r"zoho-tokend: LISTEN: cannot listen on 127\.0\.0\.1:\d+: Address already in use.*\n", second.err
        )
        assert first.runs
