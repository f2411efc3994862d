"""`revoke`: the end of a grant, at Zoho and in Vault."""

import httpx

from tests.support.people.operator_shell import OperatorShell
from tests.support.places.site import BRISK, Site


def is_alive(site: Site, access_token: object, data_center: str = "eu") -> bool:
    """Whether Zoho's API takes the token."""
    answer = httpx.get(
        f"{site.zoho[data_center].accounts_server}/crm/v8/org",
        headers={"Authorization": f"Zoho-oauthtoken {access_token}"},
        trust_env=False,
        timeout=60,
    )
    return "INVALID_TOKEN" not in answer.text


def test_a_revoked_grant_is_dead_at_zoho_and_said_to_be_in_vault(shell: OperatorShell) -> None:
    site = shell.site
    site.connect("crm-prod", scope="ZohoCRM.modules.ALL")
    assert shell("refresh", "crm-prod").code == 0
    access_token = site.token("crm-prod")["access_token"]
    assert is_alive(site, access_token)

    revoked = shell("revoke", "crm-prod", "--yes")

    assert (revoked.code, revoked.out) == (0, "")
    assert "The grant of crm-prod is revoked, at Zoho." in revoked.err
    assert not is_alive(site, access_token)
    credential = site.corner.fields("credentials/crm-prod")
    assert "refresh_token" not in credential
    assert credential["scope"] == "ZohoCRM.modules.ALL"
    assert not site.has_token("crm-prod")
    assert f"revoked on {credential['revoked_at']}: authorize again" in shell("connections").out


def test_the_daemon_says_what_has_become_of_a_revoked_connection(brisk_site: Site) -> None:
    brisk_site.connect("crm-prod")
    with brisk_site.daemon(**BRISK) as daemon:
        daemon.until_state("crm-prod", "fresh")
        assert OperatorShell(brisk_site)("revoke", "crm-prod", "--yes").code == 0
        error = str(daemon.until_state("crm-prod", "revoked")["error"])
        assert "revoked on " in error
        assert "authorize again" in error
        brisk_site.connect("crm-prod")
        daemon.until_state("crm-prod", "fresh")


def test_a_revocation_can_be_run_again(shell: OperatorShell) -> None:
    shell.site.connect("crm-prod")
    assert shell("revoke", "crm-prod", "--yes").code == 0
    version = shell.site.corner.fields("credentials/crm-prod")
    again = shell("revoke", "crm-prod", "--yes")
    assert again.code == 0
    assert "was dead already" in again.err
    assert shell.site.corner.fields("credentials/crm-prod") == version


def test_nothing_is_revoked_without_a_yes_that_knows_what_jobs_will_notice(shell: OperatorShell) -> None:
    shell.site.connect("crm-prod")
    refused = shell("revoke", "crm-prod", stdin="n\n")
    assert refused.code == 1
    assert "answered 401 INVALID_TOKEN from their next call on" in refused.err
    assert shell("refresh", "crm-prod").code == 0
    assert shell("revoke", "crm-prod", stdin="y\n").code == 0


def test_client_credentials_have_nothing_to_revoke(shell: OperatorShell) -> None:
    shell.site.connect(
        "own", refresh_token=None, grant_type="client_credentials", soid="ZohoCRM.1", scope="ZohoCRM.modules.ALL"
    )
    told = shell("revoke", "own", "--yes")
    assert told.code == 1
    assert "own has nothing to revoke" in told.err
    assert "`zoho-tokend connections remove own`" in told.err


def test_where_zoho_cannot_be_reached_nothing_is_marked(shell: OperatorShell) -> None:
    nobody = "http://127.0.0.1:9"
    shell.site.connect("crm-prod", accounts_server=nobody)
    before = shell.site.corner.fields("credentials/crm-prod")
    told = shell("revoke", "crm-prod", "--yes", ALLOWED_ACCOUNTS_SERVERS=nobody)
    assert told.code == 1
    assert "nothing was changed in Vault, for crm-prod is not revoked" in told.err
    assert shell.site.corner.fields("credentials/crm-prod") == before


def test_a_client_that_zoho_does_not_know_revokes_nothing(shell: OperatorShell) -> None:
    shell.site.connect("crm-prod", client_secret="f" * 42)
    before = shell.site.corner.fields("credentials/crm-prod")
    told = shell("revoke", "crm-prod", "--yes")
    assert told.code == 1
    assert "Connected Apps" in told.err
    assert shell.site.corner.fields("credentials/crm-prod") == before
