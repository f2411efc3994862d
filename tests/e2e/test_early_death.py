"""A token that a stranger pushed out: a job says so, and the daemon replaces it, each with its printed policy alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import hvac

from tests.support.places.site import Site
from tests.support.processes.process import Daemon, call
from zoho_tokend.core.model import Secret
from zoho_tokend.reader import TokenReader, ZohoAuth

ORG = "/crm/v8/org"
REPORTS = {"REPORTS": "on"}


def vault_token(site: Site, *policies: tuple[str, ...]) -> str:
    """One with these printed policies and no other."""
    own = {"ZOHO_TOKEND_MOUNT": site.corner.mount}
    rules = [call("policy", *policy, environment=own).out for policy in policies]
    assert all(rules)
    return site.corner.admin.token(site.corner.admin.policy("".join(rules))).reveal()


def daemons_token(site: Site) -> str:
    return vault_token(site, ("daemon", "--reports", "on"))


@contextmanager
def a_job(site: Site) -> Iterator[httpx.Client]:
    """A job that calls the CRM, and reports a token that the CRM refuses."""
    token = vault_token(site, ("reader", "--connection", "crm-prod"), ("reporter", "--connection", "crm-prod"))
    with TokenReader(hvac.Client(site.corner.address, token=token), mount=site.corner.mount) as reader:
        auth = ZohoAuth(reader, "crm-prod", report_dead=True)
        with httpx.Client(base_url=reader.base_url("crm-prod"), auth=auth, trust_env=False, timeout=60) as job:
            yield job


def until_answered(daemon: Daemon, verdict: str, count: int) -> None:
    daemon.until(lambda: daemon.metric("reported_tokens_total", verdict=verdict) == count, f"{count} are {verdict}")


def test_a_token_that_a_stranger_pushed_out_is_reported_by_the_job_and_replaced_by_the_daemon(site: Site) -> None:
    refresh_token = site.connect("crm-prod")
    with site.daemon(VAULT_TOKEN=daemons_token(site), **REPORTS) as daemon:
        daemon.until_state("crm-prod", "fresh")
        with a_job(site) as job:
            assert job.get(ORG).status_code == 200
            dead = site.token("crm-prod")["access_token"]
            assert site.zoho.evict(refresh_token) == 1
            assert job.get(ORG).status_code == 401
            daemon.until(lambda: job.get(ORG).is_success, "the job works again")
        assert site.token("crm-prod")["access_token"] != dead
        assert daemon.lines("connection.refreshed", reason="reported")
        assert daemon.metric("reported_tokens_total", verdict="confirmed") == 1
        assert daemon.metric("vault_requests_total", outcome="forbidden") == 0
        assert len(site.zoho.journal.requests()) == 2
        for secret in (str(dead), refresh_token):
            assert secret not in daemon.told


def test_reports_that_are_forged_are_dismissed_and_zoho_is_not_asked(site: Site) -> None:
    site.connect("crm-prod")
    with site.daemon(VAULT_TOKEN=daemons_token(site), **REPORTS) as daemon:
        daemon.until_state("crm-prod", "fresh")
        calls = len(site.zoho.journal.entries)
        for answered in range(3):
            site.corner.put("reports/crm-prod", fingerprint=Secret(f"forged {answered}").fingerprint())
            until_answered(daemon, "stale", answered + 1)
        assert len(site.zoho.journal.entries) == calls
        assert site.versions("crm-prod") == 1


def test_a_living_token_that_is_reported_costs_one_call_to_the_api_and_stays(site: Site) -> None:
    site.connect("crm-prod")
    with site.daemon(VAULT_TOKEN=daemons_token(site), **REPORTS) as daemon:
        daemon.until_state("crm-prod", "fresh")
        living = Secret(str(site.token("crm-prod")["access_token"]))
        site.corner.put("reports/crm-prod", fingerprint=living.fingerprint())
        until_answered(daemon, "refuted", 1)
        assert len(site.zoho.journal.api_calls()) == 1
        assert site.versions("crm-prod") == 1
