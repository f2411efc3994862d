"""The main job, end to end: what a person puts into Vault becomes a token that Zoho's CRM accepts."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests.support.places.site import Site
from zoho_simulator import Client

CONTRACT = {
    "access_token",
    "token_type",
    "authorization",
    "expires_at",
    "expires_at_epoch",
    "issued_at",
    "refresh_after",
    "api_domain",
    "accounts_server",
    "data_center",
    "scope",
    "connection",
    "schema",
}
# Vault Agent changes its polling on them: https://developer.hashicorp.com/vault/docs/agent-and-proxy/agent/template
FORBIDDEN = {"ttl", "rotation_period", "certificate", "expiration", "secret_id"}


def accepted(record: dict[str, object]) -> bool:
    """Whether the CRM takes the record's own header at the record's own address."""
    url, header = f"{record['api_domain']}/crm/v8/org", {"Authorization": str(record["authorization"])}
    return httpx.get(url, headers=header, trust_env=False, timeout=60).is_success


def kv_put(site: Site, path: str, *pairs: str) -> None:
    """The documented command, by the server's own command line."""
    corner = site.corner
    environment = {"BAO_ADDR": corner.address, "BAO_TOKEN": corner.admin.server.root_token.reveal(), "HOME": os.devnull}
    bao = Path(sys.executable).with_name("bao")
    command = [str(bao), "kv", "put", f"{corner.mount}/zoho/{path}", *pairs]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)


def test_a_credential_that_was_put_with_one_command_becomes_a_token_that_the_crm_accepts(site: Site) -> None:
    client = site.client()
    with site.daemon() as daemon:
        daemon.until_ready()
        fields = site.fields(client, refresh_token=site.zoho.consent(client))
        kv_put(site, "credentials/crm-prod", *(f"{name}={value}" for name, value in fields.items()))
        daemon.until(lambda: site.has_token("crm-prod"), "crm-prod has a token")
        assert accepted(site.token("crm-prod"))
        assert daemon.until_state("crm-prod", "fresh")["version"] == 1


def test_a_token_record_holds_what_the_contract_says_and_its_instants_agree(site: Site) -> None:
    site.connect("crm-prod", scope="ZohoCRM.modules.ALL,ZohoCRM.org.READ")
    with site.daemon() as daemon:
        daemon.until(lambda: site.has_token("crm-prod"), "crm-prod has a token")
    record = site.token("crm-prod")
    assert record.keys() == CONTRACT
    assert not record.keys() & FORBIDDEN
    expires_at, issued_at = (datetime.fromisoformat(str(record[name])) for name in ("expires_at", "issued_at"))
    assert str(record["expires_at"]).endswith("Z")
    assert record["expires_at_epoch"] == expires_at.timestamp()
    assert (expires_at - issued_at).total_seconds() == 3600
    assert issued_at < datetime.fromisoformat(str(record["refresh_after"])) < expires_at
    assert record["authorization"] == f"Zoho-oauthtoken {record['access_token']}"
    assert (record["token_type"], record["connection"], record["schema"]) == ("Bearer", "crm-prod", "1")
    assert (record["accounts_server"], record["api_domain"]) == (site.zoho.eu.accounts_server, site.zoho.eu.api_domain)


def with_a_named_client(site: Site, client: Client) -> None:
    site.corner.put("clients/jobs", **site.fields(client))
    site.corner.put("credentials/crm-prod", client="jobs", refresh_token=site.zoho.consent(client))


def with_client_credentials(site: Site, client: Client) -> None:
    grant = {"grant_type": "client_credentials", "soid": "ZohoCRM.60001234567", "scope": "ZohoCRM.org.READ"}
    site.corner.put("credentials/crm-prod", **site.fields(client, **grant))


@pytest.mark.parametrize("put", [with_a_named_client, with_client_credentials], ids=lambda put: put.__name__)
def test_a_credential_of_another_kind_becomes_a_token_too(site: Site, put: Callable[[Site, Client], None]) -> None:
    put(site, site.client())
    with site.daemon() as daemon:
        daemon.until(lambda: site.has_token("crm-prod"), "crm-prod has a token")
    assert accepted(site.token("crm-prod"))


def test_connections_of_three_data_centres_live_side_by_side(site: Site) -> None:
    for data_center in ("us", "eu", "in"):
        site.connect(f"crm-{data_center}", data_center=data_center)
    with site.daemon() as daemon:
        for data_center in ("us", "eu", "in"):
            daemon.until_state(f"crm-{data_center}", "fresh")
            record = site.token(f"crm-{data_center}")
            assert record["api_domain"] == site.zoho[data_center].api_domain
            assert accepted(record)
        assert daemon.metric("connections", state="fresh") == 3


def test_no_secret_is_in_a_url_or_in_the_process_list(site: Site) -> None:
    refresh_token = site.connect("crm-prod")
    with site.daemon() as daemon:
        daemon.until_state("crm-prod", "fresh")
        command_line = Path(f"/proc/{daemon.pid}/cmdline").read_text()
    for secret in (refresh_token, site.client().client_secret, str(site.token("crm-prod")["access_token"])):
        assert secret not in command_line
    assert [entry.outcome for entry in site.zoho.journal.requests()] == ["issued"]
    assert not site.zoho.journal.violations
