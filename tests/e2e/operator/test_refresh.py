"""`refresh`: one refresh in a process of its own, beside a daemon or without one."""

from itertools import pairwise

from tests.support.people.operator_shell import OperatorShell
from tests.support.places.site import BRISK, Site
from zoho_simulator.faults import error


def test_a_refresh_without_a_daemon_publishes_a_token(shell: OperatorShell) -> None:
    shell.site.connect("crm-prod")
    done = shell("refresh", "crm-prod")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("crm-prod has a new token, version 1, good until ")


def test_a_refresh_that_brings_no_token_says_why(shell: OperatorShell) -> None:
    refresh_token = shell.site.connect("crm-prod")
    shell.site.zoho.fault(error("invalid_code"), refresh_token=refresh_token)
    failed = shell("refresh", "crm-prod")
    assert failed.code == 1
    assert failed.err.startswith("crm-prod has no new token: Zoho does not accept the refresh token")
    assert not shell.site.has_token("crm-prod")


def test_the_budget_that_vault_remembers_holds_for_the_command_too(shell: OperatorShell) -> None:
    shell.site.connect("crm-prod")
    codes = [shell("refresh", "crm-prod", ISSUES_PER_TEN_MINUTES="2").code for _ in range(2)]
    refused = shell("refresh", "crm-prod", ISSUES_PER_TEN_MINUTES="2")
    assert (codes, refused.code) == ([0, 0], 1)
    assert "Zoho was not asked: its refresh token has spent its budget for ten minutes" in refused.err
    assert len(shell.site.zoho.journal.requests()) == 2


def test_a_connection_that_is_not_there_is_not_refreshed(shell: OperatorShell) -> None:
    assert shell("refresh", "nobody").err == "zoho-tokend: there is no connection nobody in Vault\n"


def test_beside_a_running_daemon_a_refresh_costs_one_issue_and_nothing_is_taken_back(brisk_site: Site) -> None:
    shell = OperatorShell(brisk_site)
    brisk_site.connect("crm-prod")
    with brisk_site.daemon(**BRISK) as daemon:
        daemon.until_state("crm-prod", "fresh")
        done = shell("refresh", "crm-prod")
        assert done.code == 0
        theirs = brisk_site.versions("crm-prod")
        daemon.until(lambda: brisk_site.versions("crm-prod") > theirs, "the daemon publishes after it")
        assert daemon.metric("cas_conflicts_total") >= 1 or "Somebody else" in done.err
        daemon.stop()
    ends = [str(version["expires_at"]) for version in brisk_site.token_versions("crm-prod")]
    issues = len(brisk_site.zoho.journal.requests())
    assert all(earlier <= later for earlier, later in pairwise(ends))
    assert len(ends) <= issues <= len(ends) + 1
