"""`zoho-tokend doctor`, as a person types it: a healthy set-up passes, and each broken thing is named with its fix."""

import json
import re
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

import pytest

from tests.e2e.hostile_tenant.shapes import NESTED, UNREADABLE
from tests.support.places.site import Site
from tests.support.processes.process import Finished, call
from tests.support.servers.openbao import Admin, Corner, running
from zoho_simulator import Endpoint
from zoho_simulator.faults import always, clock_skew
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.policy import daemon_policy


@dataclass(frozen=True)
class Examined:
    """What the doctor found."""

    finished: Finished

    @property
    def rows(self) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = json.loads(self.finished.out)
        return rows

    def about(self, area: str, subject: str, level: str) -> str:
        """The findings of this level about it, with their fixes."""
        asked = {"area": area, "subject": subject, "level": level}
        return "\n".join(f"{row['finding']} -> {row['fix']}" for row in self.rows if {**row, **asked} == row)

    def levels(self, area: str) -> set[str]:
        return {row["level"] for row in self.rows if row["area"] == area}


def doctor(environment: Mapping[str, str], **more: str) -> Examined:
    return Examined(call("doctor", "--json", environment={**environment, **more}))


def daemons_token(corner: Corner) -> str:
    """A Vault token with the printed policy of the daemon."""
    return corner.admin.token(corner.admin.policy(daemon_policy(corner.layout))).reveal()


def nobody() -> Iterator[str]:
    """An origin at which nobody listens."""
    with closing(socket.socket()) as place:
        place.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{place.getsockname()[1]}"


nobodys_origin = pytest.fixture(nobody)


def test_a_healthy_set_up_passes_and_zoho_is_asked_for_nothing_that_costs(site: Site) -> None:
    refresh_token = site.connect("crm-prod")
    site.corner.admin.ask("POST", f"{site.corner.mount}/config", {"max_versions": 10})
    token = daemons_token(site.corner)
    with site.daemon(VAULT_TOKEN=token) as daemon:
        daemon.until_state("crm-prod", "fresh")
        before = len(site.zoho.journal.entries)
        found = doctor(site.environment(VAULT_TOKEN=token, LISTEN=daemon.address.removeprefix("http://")))

    assert found.finished.code == 0, found.finished.out
    assert {row["area"] for row in found.rows if row["level"] != "ok"} == {"kv"}
    assert "cannot be seen, for the policy denies read" in found.about("kv", site.corner.mount, "warning")
    assert "(floor 29 min 14 s), 7 of 8 issues left" in found.about("connections", "crm-prod", "ok")
    assert {entry.endpoint for entry in site.zoho.journal.entries[before:]} <= {Endpoint.SERVERINFO}
    assert site.zoho.journal.violations == []
    for secret in (token, refresh_token, str(site.token("crm-prod")["access_token"]), *site.client().secrets.values()):
        assert secret not in found.finished.out + found.finished.err


def test_text_has_one_line_for_each_finding_and_the_hosts_to_open(site: Site) -> None:
    site.connect("crm-prod")
    environment = site.environment()
    told, rows = call("doctor", environment=environment), doctor(environment).rows
    lines = [line for line in told.out.splitlines() if line.startswith("  ")]

    assert (told.code, told.err, len(lines)) == (0, "", len(rows))
    eu = site.zoho.eu.accounts_server.removeprefix("http://")
    assert any(line.split()[:2] == ["ok", eu] and "the daemon must get out to it" in line for line in lines)
    assert "Allowed IPs" in lines[-1]


def test_a_policy_that_lacks_something_or_grants_too_much_is_told_path_by_path(site: Site) -> None:
    site.connect("crm-prod")
    corner = site.corner
    rules = daemon_policy(corner.layout).replace('"create", "update", "read"', '"create", "read", "delete"')
    found = doctor(site.environment(VAULT_TOKEN=corner.admin.token(corner.admin.policy(rules)).reveal()))

    path = f"{corner.mount}/data/zoho/tokens/*"
    assert found.finished.code == 1
    assert "lacks update -> load what `zoho-tokend policy daemon` prints" in found.about("policy", path, "wrong")
    assert "may delete needlessly" in found.about("policy", path, "warning")


def test_where_reports_are_heeded_the_policy_must_allow_it(site: Site) -> None:
    site.connect("crm-prod")
    found = doctor(site.environment(VAULT_TOKEN=daemons_token(site.corner), REPORTS="on"))

    assert found.finished.code == 1
    assert "lacks read" in found.about("policy", f"{site.corner.mount}/data/zoho/reports/*", "wrong")


def test_a_policy_that_cannot_list_is_wrong_and_nothing_crashes(site: Site) -> None:
    found = doctor(site.environment(VAULT_TOKEN=site.corner.admin.token("default").reveal()))

    assert found.finished.code == 1
    assert "lacks list" in found.about("policy", f"{site.corner.mount}/metadata/zoho/credentials", "wrong")
    assert "the policy grants nothing in it (MOUNT)" in found.about("kv", site.corner.mount, "wrong")


def test_a_mount_that_is_missing_is_told_from_a_policy_that_is(site: Site) -> None:
    nowhere = Layout(mount="nowhere")
    token = site.corner.admin.token(site.corner.admin.policy(daemon_policy(nowhere))).reveal()
    found = doctor(site.environment(VAULT_TOKEN=token, MOUNT="nowhere"))

    assert "is not there (MOUNT) -> correct MOUNT, or: vault secrets enable" in found.about("kv", "nowhere", "wrong")


def test_a_root_token_is_warned_of(site: Site) -> None:
    found = doctor(site.environment(VAULT_TOKEN=site.corner.admin.server.root_token.reveal()))

    assert found.finished.code == 0
    assert "the token is a root token" in found.about("vault", "login", "warning")
    assert "root may do everything" in found.about("policy", "all paths", "warning")


def test_kv_version_1_is_wrong(site: Site) -> None:
    mount = f"old-{secrets.token_hex(4)}"
    site.corner.admin.ask("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": "1"}})
    root = site.corner.admin.server.root_token.reveal()
    found = doctor(site.environment(VAULT_TOKEN=root, MOUNT=mount))

    assert found.finished.code == 1
    assert f"is KV version 1, without versions and CAS -> vault kv enable-versioning {mount}" in found.about(
        "kv", mount, "wrong"
    )


def test_too_few_versions_are_wrong_for_whoever_may_see_the_mount(site: Site) -> None:
    site.corner.admin.ask("POST", f"{site.corner.mount}/config", {"max_versions": 3, "cas_required": True})
    found = doctor(site.environment())

    assert found.finished.code == 1
    told = found.about("kv", site.corner.mount, "wrong")
    assert "max_versions is 3 for every new token record, 10 are needed" in told
    assert told.endswith(f"-> vault write {site.corner.mount}/config max_versions=10")
    assert "cas_required is on, so `vault kv put` needs -cas" in found.about("kv", site.corner.mount, "ok")


def test_a_sealed_vault_is_called_sealed() -> None:
    for server in running(OpenBao()):
        with closing(Admin(server)) as root:
            root.ask("POST", "sys/seal")
        environment = {"VAULT_ADDR": server.address, "VAULT_TOKEN": "s.any", "HTTPS_PROXY": "http://127.0.0.1:1"}
        found = doctor(environment)

        assert found.finished.code == 1
        assert found.about("vault", server.address, "wrong") == "is sealed -> unseal it: vault operator unseal"


def test_a_login_that_vault_refuses_is_wrong(site: Site) -> None:
    found = doctor(site.environment(VAULT_TOKEN="s.nobodys"), HTTPS_PROXY="http://127.0.0.1:1")

    assert found.finished.code == 1
    assert "-> correct what VAULT_AUTH=token logs in with" in found.about("vault", "login", "wrong")


def test_a_wrong_ca_is_named_and_zohos_own_servers_are_looked_at_nevertheless(tls_corner: Corner) -> None:
    address = tls_corner.address
    found = doctor({"VAULT_ADDR": address, "VAULT_TOKEN": "s.any", "HTTPS_PROXY": "http://127.0.0.1:1"})

    assert found.finished.code == 1
    assert "not vouched for by the authorities in use" in found.about("vault", address, "wrong")
    assert "VAULT_CACERT" in found.about("vault", address, "wrong")
    assert "of 22 servers cannot be reached" in found.about("network", "Zoho's servers", "warning")
    assert found.about("egress", "www.zohoapis.com.au:443", "ok")


def test_a_clock_of_zohos_that_differs_is_wrong(site: Site) -> None:
    site.connect("crm-prod")
    site.zoho.fault(always(clock_skew(seconds=630)), endpoint=Endpoint.SERVERINFO)
    found = doctor(site.environment())

    assert found.finished.code == 1
    told = found.about("clocks", site.zoho.eu.accounts_server, "wrong")
    assert re.search(r"its clock is 10 min \d+ s ahead of ours", told)
    assert "follow a time server" in told
    assert "agrees with ours" in found.about("clocks", "Vault", "ok")


def test_two_connections_with_the_same_refresh_token_are_named_together(site: Site) -> None:
    refresh_token = site.connect("crm-prod")
    site.put("sales", site.fields(site.client(), refresh_token=refresh_token))
    found = doctor(site.environment())

    told = found.about("connections", "crm-prod, sales", "warning")
    assert "2 connections hold the same refresh token" in told
    assert "give each a consent of its own" in told
    assert refresh_token not in found.finished.out


def test_a_record_that_cannot_be_read_is_told_by_its_field(site: Site) -> None:
    site.connect("crm-prod")
    site.connect("broken", refresh_token="1000.with space")
    site.put(".hidden", {"a": "b"})
    found = doctor(site.environment())

    assert found.finished.code == 1
    told = found.about("connections", "broken", "wrong")
    assert "the field 'refresh_token' contains white space" in told
    assert f"vault kv patch {site.corner.mount}/zoho/credentials/broken" in told
    assert "is not a valid connection name" in found.about("connections", "'.hidden'", "warning")


def test_records_that_cannot_be_parsed_cost_no_other_finding(site: Site) -> None:
    site.connect("crm-prod")
    for name, fields in UNREADABLE.items():
        site.corner.put_texts(f"credentials/{name}", {"accounts_server": '"https://accounts.zoho.eu"', **fields})
        site.corner.put_texts(f"tokens/{name}", {"access_token": NESTED})
    found = doctor(site.environment())

    assert "has no token yet" in found.about("connections", "crm-prod", "warning")
    assert all(found.about("connections", name, "wrong") for name in UNREADABLE)


def test_an_accounts_server_that_is_not_there_is_wrong_for_those_who_use_it(site: Site, nobodys_origin: str) -> None:
    site.connect("crm-prod", accounts_server=nobodys_origin)
    found = doctor(site.environment(ALLOWED_ACCOUNTS_SERVERS=nobodys_origin))

    assert found.finished.code == 1
    told = found.about("network", nobodys_origin, "wrong")
    assert "no connection" in told
    assert "(used by crm-prod)" in told
    assert f"pass TCP to {nobodys_origin.removeprefix('http://')}" in told


def test_a_server_that_is_not_allowed_is_not_even_called_upon(site: Site) -> None:
    site.connect("crm-prod")
    found = doctor(site.environment(ALLOWED_ACCOUNTS_SERVERS=""), HTTPS_PROXY="http://127.0.0.1:1")

    assert found.finished.code == 1
    assert "is neither Zoho's own nor allowed" in found.about("connections", "crm-prod", "wrong")
    assert site.zoho.journal.entries == []


def test_what_the_daemon_has_parked_is_told_with_its_reason(site: Site) -> None:
    refresh_token = site.connect("crm-prod")
    site.zoho.revoke(refresh_token)
    site.connect("lost", accounts_server="https://accounts.elsewhere.example")
    with site.daemon() as daemon:
        daemon.until_state("lost", "misconfigured")
        daemon.until(lambda: daemon.connection("crm-prod").get("error"), "it has met the refusal")
        found = doctor(site.environment(LISTEN=daemon.address.removeprefix("http://")))

    assert found.finished.code == 1
    assert "the daemon says" in found.about("connections", "crm-prod", "warning")


def test_settings_that_are_refused_are_findings() -> None:
    found = doctor({"ZOHO_TOKEND_REFRESH_AT": "7", "ZOHO_TOKEND_SPEED": "high"})

    assert found.finished.code == 1
    told = found.about("settings", "settings", "wrong")
    assert "REFRESH_AT" in told
    assert "SPEED" in told
    assert "VAULT_ADDR is missing" in told
