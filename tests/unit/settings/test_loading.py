from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from zoho_tokend.core.errors import BadSettings
from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.core.targets import Shape, Target
from zoho_tokend.settings import Listen, Settings, changes, load_settings

VAULT = {"VAULT_ADDR": "https://vault.example:8200", "VAULT_TOKEN": "hvs.CANARY"}


def settings_from(ours: Mapping[str, str] | None = None, *, file: Path | None = None) -> Settings:
    return load_settings(VAULT | _prefixed(ours or {}), file)


def problems_of(
    ours: Mapping[str, str] | None = None, *, file: Path | None = None, vaults: Mapping[str, str] = VAULT
) -> list[str]:
    with pytest.raises(BadSettings) as refusal:
        load_settings({**vaults, **_prefixed(ours or {})}, file)
    return str(refusal.value).split("\n")


def _prefixed(ours: Mapping[str, str]) -> dict[str, str]:
    return {f"ZOHO_TOKEND_{name}": value for name, value in ours.items()}


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "zoho-tokend.toml"


def test_vaults_own_variables_are_enough() -> None:
    settings = load_settings(VAULT | {"VAULT_NAMESPACE": "admin/team-a/"})

    assert settings.vault_addr == "https://vault.example:8200"
    assert settings.vault_token == Secret("hvs.CANARY")
    assert settings.vault_namespace == "admin/team-a"
    assert settings.vault_auth == "token"


def test_our_variable_goes_before_the_file_and_the_file_before_vaults_own(toml: Path) -> None:
    toml.write_text('vault_addr = "https://file.example"\nrefresh_at = 0.4\nprefix = "file"')

    settings = settings_from({"REFRESH_AT": "0.6"}, file=toml)

    assert (settings.refresh_at, settings.prefix) == (0.6, "file")
    assert settings.vault_addr == "https://file.example"
    assert settings.mount == "secret"
    assert settings.source("REFRESH_AT") == "environment variable ZOHO_TOKEND_REFRESH_AT"
    assert settings.source("PREFIX") == str(toml)
    assert settings.source("VAULT_TOKEN") == "environment variable VAULT_TOKEN"
    assert settings.source("MOUNT") == "default"


def test_a_variable_names_the_file_where_the_caller_does_not(toml: Path) -> None:
    toml.write_text('prefix = "named"')

    assert settings_from({"CONFIG": str(toml)}).prefix == "named"


def test_the_file_that_the_caller_names_goes_first(toml: Path) -> None:
    toml.write_text('prefix = "named"')

    assert settings_from({"CONFIG": "/nowhere.toml"}, file=toml).prefix == "named"


def test_the_file_may_write_names_in_either_case(toml: Path) -> None:
    toml.write_text('PREFIX = "upper"\nmount = "lower"')

    settings = settings_from(file=toml)

    assert (settings.prefix, settings.mount) == ("upper", "lower")


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert settings_from({"VAULT_NAMESPACE": "", "PREFIX": ""}).prefix == "zoho"


@pytest.mark.parametrize(
    "name",
    [
        "PORT",
        "PORT_8080_TCP",
        "PORT_8080_TCP_ADDR",
        "PORT_8080_TCP_PORT",
        "PORT_8080_TCP_PROTO",
        "SERVICE_HOST",
        "SERVICE_PORT",
        "SERVICE_PORT_HTTP",
        "METRICS_SERVICE_HOST",
        "METRICS_PORT_9090_TCP",
    ],
)
def test_what_kubernetes_tells_of_a_service_named_like_us_is_no_setting(name: str) -> None:
    assert changes(settings_from(), settings_from({name: "10.0.0.1"})) == ((), ())


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("SWEEP_INTERVAL", "30s", timedelta(seconds=30)),
        ("DISCOVERY_INTERVAL", "5m", timedelta(minutes=5)),
        ("DISCOVERY_INTERVAL", "1h", timedelta(hours=1)),
        ("DISCOVERY_INTERVAL", "1m30s", timedelta(seconds=90)),
        ("REFRESH_AT", "0.75", 0.75),
        ("ISSUES_PER_TEN_MINUTES", "10", 10),
        ("CONCURRENCY", "256", 256),
        ("LISTEN", "127.0.0.1:0", Listen("127.0.0.1", 0)),
        ("LISTEN", "[::]:8080", Listen("::", 8080)),
        ("LISTEN", "localhost:65535", Listen("localhost", 65535)),
        ("MOUNT", "teams/crm", "teams/crm"),
        ("MOUNT", "secret/", "secret"),
        ("TOKENS_MOUNT", "short-lived", "short-lived"),
        ("VAULT_ADDR", "https://[::1]:8200/", "https://[::1]:8200"),
        ("VAULT_ADDR", "http://vault_server", "http://vault_server"),
        ("LOG_LEVEL", "WARNING", "warning"),
        ("PER_CONNECTION_METRICS", "off", "off"),
        ("LEADER_ELECTION", "Kubernetes", "kubernetes"),
        ("LEASE_NAME", "tokend-eu", "tokend-eu"),
        ("LEASE_DURATION", "1m", timedelta(minutes=1)),
        ("SHARD", "0", 0),
        ("REPORTS", "On", "on"),
        (
            "PUBLISH_TARGETS",
            "airflow-connection=connections/{connection}, airflow-variable=variables/zoho-{connection}",
            (
                Target(shape=Shape.AIRFLOW_CONNECTION, folder="connections"),
                Target(shape=Shape.AIRFLOW_VARIABLE, folder="variables", start="zoho-"),
            ),
        ),
        ("SHARDS", "256", 256),
        (
            "ALLOWED_ACCOUNTS_SERVERS",
            "https://accounts.example, http://127.0.0.1:9000",
            (parse_origin("https://accounts.example"), parse_origin("http://127.0.0.1:9000")),
        ),
        ("STATUS_HOSTS", "zoho-tokend, Tokend.Example", ("zoho-tokend", "tokend.example")),
    ],
)
def test_a_value_is_read_from_text(name: str, text: str, expected: object) -> None:
    assert getattr(settings_from({name: text}), name.lower()) == expected


@pytest.mark.parametrize(
    ("line", "name", "expected"),
    [
        ("refresh_at = 0.75", "refresh_at", 0.75),
        ("concurrency = 4", "concurrency", 4),
        ("shards = 1", "shards", 1),
        ('discovery_interval = "1m"', "discovery_interval", timedelta(minutes=1)),
        (
            'allowed_accounts_servers = ["https://accounts.example"]',
            "allowed_accounts_servers",
            (parse_origin("https://accounts.example"),),
        ),
        ('status_hosts = ["tokend.example"]', "status_hosts", ("tokend.example",)),
    ],
)
def test_a_value_is_read_from_toml(toml: Path, line: str, name: str, expected: object) -> None:
    toml.write_text(line)

    assert getattr(settings_from(file=toml), name) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SWEEP_INTERVAL", "30"),
        ("SWEEP_INTERVAL", "0s"),
        ("SWEEP_INTERVAL", "31s"),
        ("SWEEP_INTERVAL", "-1s"),
        ("SWEEP_INTERVAL", "1.5s"),
        ("SWEEP_INTERVAL", "soon"),
        ("DISCOVERY_INTERVAL", "2h"),
        ("DISCOVERY_INTERVAL", "30s1m"),
        ("REFRESH_AT", "0.19"),
        ("REFRESH_AT", "0.96"),
        ("REFRESH_AT", "nan"),
        ("REFRESH_AT", "half"),
        ("ISSUES_PER_TEN_MINUTES", "0"),
        ("ISSUES_PER_TEN_MINUTES", "11"),
        ("ISSUES_PER_TEN_MINUTES", "8.0"),
        ("CONCURRENCY", "0"),
        ("CONCURRENCY", "257"),
        ("LISTEN", "8080"),
        ("LISTEN", ":8080"),
        ("LISTEN", "::1:8080"),
        ("LISTEN", "0.0.0.0:65536"),
        ("LISTEN", "http://0.0.0.0:8080"),
        ("PREFIX", "/zoho"),
        ("PREFIX", "zoho/../other"),
        ("PREFIX", "zoho//x"),
        ("PREFIX", ".zoho"),
        ("MOUNT", "a b"),
        ("VAULT_ADDR", "vault.example:8200"),
        ("VAULT_ADDR", "https://vault.example/v1"),
        ("VAULT_ADDR", "https://vault.example?x=1"),
        ("VAULT_ADDR", "ftp://vault.example"),
        ("VAULT_AUTH", "ldap"),
        ("ALLOWED_ACCOUNTS_SERVERS", "http://accounts.example"),
        ("ALLOWED_ACCOUNTS_SERVERS", "https://accounts.example/oauth"),
        ("ALLOWED_ACCOUNTS_SERVERS", "https://accounts.example,,"),
        ("STATUS_HOSTS", "tokend.example:8080"),
        ("STATUS_HOSTS", "https://tokend.example"),
        ("STATUS_HOSTS", "tokend.example,"),
        ("STATUS_HOSTS", "*.example"),
        ("REPORTS", "yes"),
        ("PUBLISH_TARGETS", "airflow"),
        ("PUBLISH_TARGETS", "airflow-connection=connections"),
        ("PUBLISH_TARGETS", "airflow-connection=connections/{connection},"),
        ("PUBLISH_TARGETS", "airflow-connection=/connections/{connection}"),
        ("PUBLISH_TARGETS", "mysql=connections/{connection}"),
        ("LEADER_ELECTION", "consul"),
        ("LEASE_NAME", "Tokend"),
        ("LEASE_NAME", "tokend-"),
        ("LEASE_NAMESPACE", "a/b"),
        ("LEASE_DURATION", "1s"),
        ("SHARD", "-1"),
        ("SHARDS", "0"),
        ("SHARDS", "257"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("PER_CONNECTION_METRICS", "yes"),
    ],
)
def test_an_unusable_value_is_told_with_its_place_and_what_would_be_accepted(name: str, text: str) -> None:
    (problem,) = problems_of({name: text})

    assert problem.startswith(f"{name} (environment variable ZOHO_TOKEND_{name}): '{text}' is refused; accepted: ")


@pytest.mark.parametrize(
    "line", ["refresh_at = true", "concurrency = 4.0", "listen = 8080", "prefix = {}", "mount = 7"]
)
def test_a_value_of_another_type_is_refused_in_toml(toml: Path, line: str) -> None:
    toml.write_text(line)

    (problem,) = problems_of(file=toml)
    assert f"({toml}): " in problem


def test_every_problem_is_told_at_once(toml: Path) -> None:
    toml.write_text('refresh_at = 2\ncolour = "red"')

    ours = {"VAULT_AUTH": "approle", "SWEEP_INTERVAL": "soon", "VAULT_CACERT": "/nowhere/ca.pem", "REFRSH_AT": "1"}
    problems = problems_of(ours, file=toml)

    told = " ".join(problems)
    for name in (
        "REFRESH_AT",
        "COLOUR",
        "REFRSH_AT",
        "SWEEP_INTERVAL",
        "VAULT_ROLE_ID",
        "VAULT_SECRET_ID",
        "VAULT_CACERT",
    ):
        assert name in told
    assert len(problems) == 8


def test_a_misspelt_variable_is_answered_with_the_whole_name() -> None:
    unknown, listed = problems_of({"REFRSH_AT": "1"})

    assert unknown.endswith("there is no such setting; did you mean ZOHO_TOKEND_REFRESH_AT?")
    assert listed == "`zoho-tokend settings` lists every setting"


def test_a_misspelt_name_in_a_file_is_answered_as_it_is_written_there(toml: Path) -> None:
    toml.write_text("refrsh_at = 0.5")
    unknown, _listed = problems_of(file=toml)

    assert unknown.endswith("there is no such setting; did you mean REFRESH_AT?")


def test_a_name_whose_capitals_do_not_lead_back_to_it_is_told_too() -> None:
    unknown, _listed = problems_of({"STRA\u00dfE": "1"})

    assert unknown.endswith("there is no such setting")


def test_a_name_like_no_other_gets_no_suggestion() -> None:
    unknown, _listed = problems_of({"XYZZY": "1"})

    assert unknown.endswith("there is no such setting")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"prefix = ", "is not TOML"),
        (b"\xff\xfe", "is not UTF-8"),
        (b'prefix = "a"\nPREFIX = "b"', "twice"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_problem(toml: Path, content: bytes | None, reason: str) -> None:
    if content is not None:
        toml.write_bytes(content)

    (problem,) = problems_of(file=toml)
    assert str(toml) in problem
    assert reason in problem


def test_no_problem_holds_a_secret(toml: Path) -> None:
    toml.write_text('vault_token = ["hvs.CANARY"]\nvault_secret_id = 7357001\nvault_tokn = "hvs.CANARY"')

    problems = problems_of(
        {"VAULT_ROLE_IDD": "CANARY", "VAULT_AUTH": "approle"},
        file=toml,
        vaults={"VAULT_ADDR": "https://me:CANARY@vault.example"},
    )
    told = "\n".join(problems)

    assert "VAULT_TOKEN" in told
    assert "VAULT_ADDR" in told
    assert "CANARY" not in told
    assert "7357001" not in told


def test_no_text_of_the_settings_holds_a_secret() -> None:
    settings = settings_from({"VAULT_SECRET_ID": "CANARY", "VAULT_ROLE_ID": "CANARY"})

    assert "CANARY" not in repr(settings)
    assert "CANARY" not in str(settings)
