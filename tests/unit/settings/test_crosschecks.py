import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from zoho_tokend.core.errors import BadSettings
from zoho_tokend.core.policy import LONGEST_NORMAL_REFRESH, ZOHO_LIFETIME, Policy
from zoho_tokend.settings import Settings, load_settings

ADDRESS = {"ZOHO_TOKEND_VAULT_ADDR": "https://vault.example:8200"}


@contextmanager
def nobody() -> Iterator[None]:
    """To root no folder is closed: it is somebody else until the block ends."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "file"
    path.write_text("invented")
    return str(path)


def loaded(**ours: str) -> Settings:
    return load_settings(ADDRESS | {f"ZOHO_TOKEND_{name}": value for name, value in ours.items()})


def problems_of(**ours: str) -> list[str]:
    with pytest.raises(BadSettings) as refusal:
        loaded(**ours)
    return str(refusal.value).split("\n")


@pytest.mark.parametrize(
    "ours",
    [
        {"VAULT_AUTH": "token", "VAULT_TOKEN": "hvs.invented"},
        {"VAULT_AUTH": "token-file", "VAULT_TOKEN_FILE": "<file>"},
        {"VAULT_AUTH": "approle", "VAULT_ROLE_ID": "role", "VAULT_SECRET_ID": "secret"},
        {"VAULT_AUTH": "approle", "VAULT_ROLE_ID_FILE": "<file>", "VAULT_SECRET_ID_FILE": "<file>"},
        {"VAULT_AUTH": "kubernetes", "VAULT_ROLE": "zoho-tokend", "VAULT_JWT_FILE": "<file>"},
        {"VAULT_AUTH": "jwt", "VAULT_ROLE": "zoho-tokend", "VAULT_JWT_FILE": "<file>"},
        {"VAULT_AUTH": "cert", "VAULT_CLIENT_CERT": "<file>", "VAULT_CLIENT_KEY": "<file>"},
    ],
    ids=" ".join,
)
def test_each_login_is_complete_with_its_own_settings(ours: dict[str, str], file: str) -> None:
    given = {name: file if value == "<file>" else value for name, value in ours.items()}

    assert loaded(**given).vault_auth == ours["VAULT_AUTH"]


@pytest.mark.parametrize(
    ("ours", "missing"),
    [
        ({}, ["VAULT_TOKEN"]),
        ({"VAULT_AUTH": "token-file"}, ["VAULT_TOKEN_FILE"]),
        ({"VAULT_AUTH": "approle"}, ["VAULT_ROLE_ID or VAULT_ROLE_ID_FILE", "VAULT_SECRET_ID or VAULT_SECRET_ID_FILE"]),
        ({"VAULT_AUTH": "approle", "VAULT_ROLE_ID": "role"}, ["VAULT_SECRET_ID or VAULT_SECRET_ID_FILE"]),
        ({"VAULT_AUTH": "kubernetes", "VAULT_JWT_FILE": "<file>"}, ["VAULT_ROLE"]),
        ({"VAULT_AUTH": "jwt", "VAULT_JWT_FILE": "<file>"}, ["VAULT_ROLE"]),
        ({"VAULT_AUTH": "cert"}, ["VAULT_CLIENT_CERT"]),
    ],
)
def test_a_login_says_which_setting_it_lacks(ours: dict[str, str], missing: list[str], file: str) -> None:
    problems = problems_of(**{name: file if value == "<file>" else value for name, value in ours.items()})

    method = ours.get("VAULT_AUTH", "token")
    assert problems == [f"VAULT_AUTH is {method}, which needs {names}, and none is given" for names in missing]


def test_a_secret_is_given_in_one_place_alone(file: str) -> None:
    (problem,) = problems_of(
        VAULT_AUTH="approle", VAULT_ROLE_ID="role", VAULT_SECRET_ID="CANARY", VAULT_SECRET_ID_FILE=file
    )

    assert problem == "VAULT_SECRET_ID and VAULT_SECRET_ID_FILE are both given: keep one of them"


@pytest.mark.parametrize("folder", ["zoho", "zoho/tokens", "zoho/credentials"])
def test_a_publish_target_never_lies_among_our_own_records(folder: str) -> None:
    (problem,) = problems_of(VAULT_TOKEN="hvs.invented", PUBLISH_TARGETS=f"airflow-variable={folder}/{{connection}}")

    assert problem == (
        f"PUBLISH_TARGETS: airflow-variable={folder}/{{connection}} lies under PREFIX (zoho): "
        "choose a folder outside of it"
    )


def test_a_folder_that_only_begins_like_the_prefix_will_do() -> None:
    settings = loaded(VAULT_TOKEN="hvs.invented", PUBLISH_TARGETS="airflow-variable=zohoapi/{connection}")

    assert [target.folder for target in settings.publish_targets] == ["zohoapi"]


def test_no_two_publish_targets_write_into_one_folder() -> None:
    (problem,) = problems_of(
        VAULT_TOKEN="hvs.invented",
        PUBLISH_TARGETS="airflow-variable=airflow/{connection},airflow-connection=airflow/zoho-{connection}",
    )

    assert problem == "PUBLISH_TARGETS: two targets have the folder airflow: give each its own folder"


def test_a_certificate_and_its_key_go_together(file: str) -> None:
    (problem,) = problems_of(VAULT_TOKEN="hvs.invented", VAULT_CLIENT_KEY=file)

    assert problem == "VAULT_CLIENT_CERT and VAULT_CLIENT_KEY go together: give both or neither"


@pytest.mark.parametrize("path", ["/nowhere/ca.pem", "/"], ids=["missing", "a folder"])
def test_a_file_in_use_must_be_there(path: str) -> None:
    (problem,) = problems_of(VAULT_TOKEN="hvs.invented", VAULT_CACERT=path)

    assert problem == (
        f"VAULT_CACERT (environment variable ZOHO_TOKEND_VAULT_CACERT): {path} is not a file that can be read"
    )


def test_a_file_in_a_folder_that_is_closed_to_us_is_not_one_that_can_be_read(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "ca.pem").write_text("invented")
    closed.chmod(0)
    with nobody():
        (problem,) = problems_of(VAULT_TOKEN="hvs.invented", VAULT_CACERT=str(closed / "ca.pem"))

    assert problem.endswith("is not a file that can be read")


def test_the_usual_service_account_token_must_be_there_for_kubernetes() -> None:
    (problem,) = problems_of(VAULT_AUTH="kubernetes", VAULT_ROLE="zoho-tokend")

    assert problem.startswith("VAULT_JWT_FILE (default): /var/run/secrets/kubernetes.io/serviceaccount/token is not")


def test_a_file_that_the_login_does_not_use_is_not_asked_for() -> None:
    settings = loaded(VAULT_TOKEN="hvs.invented", VAULT_JWT_FILE="/nowhere/token")

    assert settings.vault_jwt_file == Path("/nowhere/token")


def test_without_an_address_there_is_no_vault() -> None:
    with pytest.raises(BadSettings, match="VAULT_ADDR is missing: give the URL of a Vault server"):
        load_settings({"VAULT_TOKEN": "hvs.invented"})


@pytest.mark.parametrize("ours", [{"VAULT_AUTH": "ldap"}, {"VAULT_ADDR": "nowhere", "VAULT_TOKEN": "hvs.invented"}])
def test_a_refused_value_is_told_once_and_not_as_missing_too(ours: dict[str, str]) -> None:
    (problem,) = problems_of(**ours)

    assert "is refused" in problem


@pytest.mark.parametrize(
    ("address", "count"),
    [
        ("https://vault.example:8200", 0),
        ("http://127.0.0.1:8200", 0),
        ("http://localhost:8200", 0),
        ("http://vault.example:8200", 1),
        ("http://10.0.0.7:8200", 1),
    ],
)
def test_plain_http_beyond_this_machine_is_warned_of(address: str, count: int) -> None:
    assert len(loaded(VAULT_ADDR=address, VAULT_TOKEN="hvs.invented").warnings) == count


@pytest.mark.parametrize("refresh_at", ["0.2", "0.95"])
@pytest.mark.parametrize("sweep_interval", ["1s", "30s"])
def test_any_accepted_settings_leave_time_for_two_sweeps_and_the_longest_refresh(
    refresh_at: str, sweep_interval: str
) -> None:
    settings = loaded(VAULT_TOKEN="hvs.invented", REFRESH_AT=refresh_at, SWEEP_INTERVAL=sweep_interval)
    policy = Policy(refresh_at=settings.refresh_at, sweep_interval=settings.sweep_interval)

    assert policy.lead(ZOHO_LIFETIME) >= 2 * policy.sweep_interval + LONGEST_NORMAL_REFRESH
    assert policy.floor > timedelta()


@pytest.mark.parametrize(
    ("ours", "named"),
    [
        ({"LEASE_DURATION": "12s"}, ["LEASE_DURATION (12s)", "RENEW_DEADLINE (10s)", "RETRY_PERIOD (2s)"]),
        ({"RENEW_DEADLINE": "2s"}, ["RENEW_DEADLINE (2s)", "RETRY_PERIOD (2s)"]),
        ({"SHARD": "4", "SHARDS": "4"}, ["SHARD is 4 of 4 SHARDS", "LEADER_ELECTION=kubernetes"]),
    ],
    ids=["two leaders at once", "no time to renew", "two processes for one shard"],
)
def test_an_election_or_a_share_that_cannot_work_is_refused(ours: dict[str, str], named: list[str]) -> None:
    (problem,) = problems_of(VAULT_TOKEN="hvs.invented", **ours)

    assert all(name in problem for name in named), problem


def test_a_replica_beyond_the_last_shard_is_a_standby_where_there_is_an_election() -> None:
    assert loaded(VAULT_TOKEN="hvs.invented", LEADER_ELECTION="kubernetes", SHARD="4", SHARDS="4").shard == 4
