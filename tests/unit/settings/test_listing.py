from pathlib import Path

import pytest

from zoho_tokend.settings import SettingRow, Settings, changes, describe, load_settings, settings_table

# The contract: design section 9, with what a certificate login, the records' namespace and readers need.
NAMES = [
    "VAULT_ADDR",
    "VAULT_AUTH",
    "VAULT_AUTH_MOUNT",
    "VAULT_ROLE",
    "VAULT_JWT_FILE",
    "VAULT_ROLE_ID",
    "VAULT_ROLE_ID_FILE",
    "VAULT_SECRET_ID",
    "VAULT_SECRET_ID_FILE",
    "VAULT_TOKEN",
    "VAULT_TOKEN_FILE",
    "VAULT_CLIENT_CERT",
    "VAULT_CLIENT_KEY",
    "VAULT_NAMESPACE",
    "VAULT_CACERT",
    "MOUNT",
    "PREFIX",
    "TOKENS_MOUNT",
    "REFRESH_AT",
    "ISSUES_PER_TEN_MINUTES",
    "SWEEP_INTERVAL",
    "DISCOVERY_INTERVAL",
    "CONCURRENCY",
    "ALLOWED_ACCOUNTS_SERVERS",
    "LISTEN",
    "STATUS_HOSTS",
    "REPORTS",
    "PUBLISH_TARGETS",
    "LEADER_ELECTION",
    "LEASE_NAME",
    "LEASE_NAMESPACE",
    "IDENTITY",
    "LEASE_DURATION",
    "RENEW_DEADLINE",
    "RETRY_PERIOD",
    "SHARD",
    "SHARDS",
    "PER_CONNECTION_METRICS",
    "LOG_FORMAT",
    "LOG_LEVEL",
]


def loaded(**ours: str) -> Settings:
    vault = {"VAULT_ADDR": "https://vault.example:8200", "VAULT_TOKEN": "hvs.CANARY"}
    return load_settings(vault | {f"ZOHO_TOKEND_{name}": value for name, value in ours.items()})


def test_the_settings_are_those_of_the_contract() -> None:
    assert [row.name for row in settings_table()] == NAMES


def test_every_setting_is_described_in_a_sentence() -> None:
    for row in settings_table():
        assert row.description.endswith(".")
        assert row.accepts


@pytest.mark.parametrize("row", [row for row in settings_table() if row.default], ids=lambda row: row.name)
def test_a_default_as_documented_is_accepted_and_means_the_same(row: SettingRow) -> None:
    assert changes(loaded(), loaded(**{row.name: row.default})) == ((), ())


def test_what_is_in_force_is_described_with_its_source_and_without_secrets() -> None:
    described = {setting.name: setting for setting in describe(loaded(DISCOVERY_INTERVAL="90s"))}

    assert list(described) == NAMES
    assert described["DISCOVERY_INTERVAL"].value == "1m30s"
    assert described["DISCOVERY_INTERVAL"].source == "environment variable ZOHO_TOKEND_DISCOVERY_INTERVAL"
    assert described["VAULT_TOKEN"].value == "***"
    assert described["LISTEN"].value == "0.0.0.0:8080"
    assert described["VAULT_ROLE"].value == ""
    assert "CANARY" not in repr(described)


def test_a_list_of_origins_is_described_as_it_is_written() -> None:
    servers = "https://accounts.example,http://127.0.0.1:9000"
    described = {setting.name: setting.value for setting in describe(loaded(ALLOWED_ACCOUNTS_SERVERS=servers))}

    assert described["ALLOWED_ACCOUNTS_SERVERS"] == servers


def test_a_reload_takes_over_what_can_change_and_names_what_cannot() -> None:
    old = loaded()
    new = loaded(REFRESH_AT="0.6", LOG_LEVEL="debug", LISTEN="127.0.0.1:9999", VAULT_TOKEN="hvs.other")

    assert changes(old, new) == (("REFRESH_AT", "LOG_LEVEL"), ("VAULT_TOKEN", "LISTEN"))


def test_the_same_settings_from_another_place_are_no_change(tmp_path: Path) -> None:
    file = tmp_path / "zoho-tokend.toml"
    file.write_text('vault_addr = "https://vault.example:8200"\nvault_token = "hvs.CANARY"')

    assert changes(loaded(), load_settings({}, file)) == ((), ())


def test_what_can_change_while_running_is_marked() -> None:
    assert {row.name for row in settings_table() if row.reloadable} == {
        "REFRESH_AT",
        "ISSUES_PER_TEN_MINUTES",
        "SWEEP_INTERVAL",
        "DISCOVERY_INTERVAL",
        "ALLOWED_ACCOUNTS_SERVERS",
        "PER_CONNECTION_METRICS",
        "LOG_LEVEL",
    }
