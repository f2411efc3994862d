"""Publish targets and the real daemon, with its printed policy alone: what Airflow's secrets backend reads there."""

import json
from collections.abc import Mapping

import httpx
import hvac

from tests.support.people.operator_shell import OperatorShell
from tests.support.places.site import BRISK, Site
from tests.support.processes.process import call
from tests.support.servers.openbao import Corner

TARGETS = "airflow-connection=connections/{connection},airflow-variable=variables/zoho-{connection}"
# What a connection of Airflow can be made of, as JSON:
# https://airflow.apache.org/docs/apache-airflow/stable/howto/connection.html#json-format-example
CONNECTION_FIELDS = {"conn_type", "description", "host", "login", "password", "schema", "port", "extra"}


class VaultBackend:
    """What airflow.providers.hashicorp.secrets.vault.VaultBackend asks of Vault, and makes of it, at its defaults.

    https://github.com/apache/airflow/blob/main/providers/hashicorp/src/airflow/providers/hashicorp/secrets/vault.py
    """

    def __init__(self, corner: Corner) -> None:
        rules = f'path "{corner.mount}/data/{{folder}}/*" {{{{ capabilities = ["read"] }}}}'
        token = corner.admin.token(
            corner.admin.policy("\n".join(rules.format(folder=folder) for folder in ("connections", "variables")))
        )
        self._client = hvac.Client(corner.address, token=token.reveal())
        self._mount = corner.mount

    def get_conn_value(self, conn_id: str) -> str:
        """A connection as JSON, unless the record has a ``conn_uri``."""
        fields = self._read(f"connections/{conn_id}")
        return str(fields.get("conn_uri") or json.dumps(fields))

    def get_variable(self, key: str) -> object:
        return self._read(f"variables/{key}").get("value")

    def _read(self, path: str) -> Mapping[str, object]:
        answer = self._client.secrets.kv.v2.read_secret_version(
            path, mount_point=self._mount, raise_on_deleted_version=True
        )
        fields: Mapping[str, object] = answer["data"]["data"]
        return fields


def daemons_token(site: Site, targets: str = TARGETS) -> str:
    """A Vault token with the policy that is printed for these targets."""
    own = {"ZOHO_TOKEND_MOUNT": site.corner.mount, "ZOHO_TOKEND_PUBLISH_TARGETS": targets}
    policy = call("policy", "daemon", environment=own)
    assert (policy.code, policy.err) == (0, "")
    return site.corner.admin.token(site.corner.admin.policy(policy.out)).reveal()


def test_a_connection_and_a_variable_of_airflow_follow_three_replacements(brisk_site: Site) -> None:
    brisk_site.connect("crm-prod")
    airflow, seen = VaultBackend(brisk_site.corner), set[str]()
    with brisk_site.daemon(VAULT_TOKEN=daemons_token(brisk_site), PUBLISH_TARGETS=TARGETS, **BRISK) as daemon:
        daemon.until(lambda: daemon.metric("target_writes_total", outcome="success") >= 2, "the targets are told")

        def has_followed() -> bool:
            connection = json.loads(airflow.get_conn_value("crm-prod"))
            assert connection.keys() <= CONNECTION_FIELDS
            headers = {"Authorization": f"Zoho-oauthtoken {connection['password']}"}
            assert httpx.get(
                f"{connection['host']}/crm/v8/org", headers=headers, trust_env=False, timeout=60
            ).is_success
            seen.add(connection["password"])
            return len(seen) > 3

        daemon.until(has_followed, "three replacements are followed")
        assert airflow.get_variable("zoho-crm-prod") in {
            version["access_token"] for version in brisk_site.token_versions("crm-prod")
        }
        assert daemon.metric("vault_requests_total", outcome="forbidden") == 0
        assert daemon.metric("target_writes_total", outcome="failure") == 0
        for token in seen:
            assert token not in daemon.told


def test_a_record_of_somebody_elses_stays_and_ours_are_marked(site: Site) -> None:
    mount, admin = site.corner.mount, site.corner.admin
    own = {"data": {"value": "a person's own"}}
    admin.ask("POST", f"{mount}/data/variables/zoho-sales", own)
    for name in ("crm-prod", "sales"):
        site.connect(name)
    with site.daemon(VAULT_TOKEN=daemons_token(site), PUBLISH_TARGETS=TARGETS) as daemon:
        line = daemon.until_told("target.behind", connection="sales", target="airflow-variable")
        assert f"{mount}/variables/zoho-sales holds a record that zoho-tokend did not write" in str(line["error"])
        daemon.until(lambda: daemon.metric("target_writes_total", outcome="success") == 3, "the others are told")
    marks = {
        path: admin.ask("GET", f"{mount}/metadata/{path}")["data"]["custom_metadata"]  # type: ignore[index]
        for path in ("variables/zoho-crm-prod", "connections/sales", "variables/zoho-sales")
    }
    assert marks == {
        "variables/zoho-crm-prod": {"managed_by": "zoho-tokend", "connection": "crm-prod"},
        "connections/sales": {"managed_by": "zoho-tokend", "connection": "sales"},
        "variables/zoho-sales": None,
    }
    assert admin.ask("GET", f"{mount}/data/variables/zoho-sales")["data"]["data"] == own["data"]  # type: ignore[index]


def test_a_target_that_the_policy_forbids_is_told_and_the_token_record_stays_fresh(site: Site) -> None:
    site.connect("crm-prod")
    with site.daemon(VAULT_TOKEN=daemons_token(site, ""), PUBLISH_TARGETS=TARGETS) as daemon:
        daemon.until_state("crm-prod", "fresh")
        line = daemon.until_told("target.behind", connection="crm-prod", target="airflow-connection")
        assert "Vault's policy denies read" in str(line["error"])
        assert daemon.metric("target_writes_total", outcome="failure") >= 1


def test_doctor_wants_the_rules_of_the_targets(site: Site) -> None:
    site.connect("crm-prod")
    good = site.environment(VAULT_TOKEN=daemons_token(site), PUBLISH_TARGETS=TARGETS)
    poor = site.environment(VAULT_TOKEN=daemons_token(site, ""), PUBLISH_TARGETS=TARGETS)
    folders = ("connections/*", "variables/zoho-*")
    paths = [f"{site.corner.mount}/{tree}/{folder}" for folder in folders for tree in ("data", "metadata")]
    for environment, level in ((good, "ok"), (poor, "wrong")):
        rows = json.loads(call("doctor", "--json", environment=environment).out)
        found = {row["subject"]: row["level"] for row in rows if row["area"] == "policy"}
        assert [found[path] for path in paths] == [level] * 4


def test_revoke_withdraws_the_targets_and_remove_says_where_they_live_on(site: Site) -> None:
    own = {"ZOHO_TOKEND_MOUNT": site.corner.mount, "ZOHO_TOKEND_PUBLISH_TARGETS": TARGETS}
    shell = OperatorShell(site, call("policy", "operator", environment=own).out)
    shell.settings["PUBLISH_TARGETS"] = TARGETS
    airflow = f"{site.corner.mount}/data/connections/crm-prod"
    for name in ("crm-prod", "sales"):
        site.connect(name)
    with site.daemon(VAULT_TOKEN=daemons_token(site), PUBLISH_TARGETS=TARGETS) as daemon:
        daemon.until(lambda: daemon.metric("target_writes_total", outcome="success") == 4, "the targets are told")
    assert shell("revoke", "crm-prod", "--yes").code == 0
    assert not site.corner.admin.succeeds("GET", airflow, {})
    removed = shell("connections", "remove", "sales", "--yes")
    assert f"So does its airflow-connection at {site.corner.mount}/connections/sales." in removed.err
    assert site.corner.admin.succeeds("GET", f"{site.corner.mount}/data/connections/sales", {})
