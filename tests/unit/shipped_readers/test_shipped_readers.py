"""What stands in `deploy/readers/`: valid, able to read one token and nothing else, and fast enough for the promise."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.support.documents.reader_rows import AT_ONCE, FILE_ROWS, MINUTE, READERS, ROWS, Row, readers_table
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.vault.layout import Layout

ROOT = READERS.parent.parent
PAGE = ROOT / "docs" / "readers.md"
FILES = sorted(READERS.iterdir())
MANIFESTS = [file for file in FILES if file.suffix == ".yaml"]
NEWEST = "1.37"
COMPANIONS = {"header.ctmpl", "mounted-secret.yaml"}

LAYOUT = Layout()
TOKEN = LAYOUT.token(ConnectionName("crm-prod"))
UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}

# Where each file says how long it goes without asking, and how long what it got is kept.
POLLS = {
    "agent.hcl": r'static_secret_render_interval = "(\w+)"',
    "vault-agent-injector.yaml": r"template-static-secret-render-interval: (\w+)",
    "vault-static-secret.yaml": r"  refreshAfter: (\w+)",
    "external-secret.yaml": r"  refreshInterval: (\w+)",
    "secret-provider-class.yaml": r"rotationPollInterval=(\w+)",
}
HELD = {"cronjob.yaml": r"activeDeadlineSeconds: (\d+)", "with-curl.sh": r"--max-time (\d+)"}


def name_of(value: object) -> str:
    return value.name if isinstance(value, Path) else value.reader if isinstance(value, Row) else str(value)


def duration(text: str) -> timedelta:
    """``60s`` or ``5m``: the shape that every one of these tools takes, https://pkg.go.dev/time#ParseDuration."""
    assert re.fullmatch(r"\d+[smh]", text), text
    return int(text[:-1]) * UNITS[text[-1]]


def objects(file: Path) -> list[Mapping[str, Any]]:
    return list(yaml.safe_load_all(file.read_text()))


def the(kind: str, file: str) -> Mapping[str, Any]:
    (found,) = (thing for thing in objects(READERS / file) if thing["kind"] == kind)
    return found


def pods(file: Path) -> Iterator[Mapping[str, Any]]:
    for thing in objects(file):
        if thing["kind"] == "Deployment":
            yield thing["spec"]["template"]["spec"]
        elif thing["kind"] == "CronJob":
            yield thing["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def containers(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*pod.get("initContainers", []), *pod["containers"]]


# --- the promise


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_at_the_default_settings_the_job_never_holds_a_dead_token(row: Row) -> None:
    assert row.least_life > AT_ONCE


@pytest.mark.parametrize("row", FILE_ROWS, ids=name_of)
def test_the_file_has_the_numbers_of_its_row(row: Row) -> None:
    text = row.path.read_text()
    assert row.file
    if row.file in POLLS:
        assert set(map(duration, re.findall(POLLS[row.file], text))) == {row.poll}
    else:
        assert row.poll == AT_ONCE
    if row.file in HELD:
        (seconds,) = re.findall(HELD[row.file], text)
        assert timedelta(seconds=int(seconds)) == row.held
    else:
        assert row.held == AT_ONCE


@pytest.mark.parametrize("row", FILE_ROWS, ids=name_of)
def test_the_comment_of_the_file_says_what_its_row_says(row: Row) -> None:
    text = row.path.read_text()
    assert "Poll period: " in text
    assert re.findall(r"Least life: (\d+) minutes", text) == [str(row.least_life // MINUTE)]


def test_every_file_has_a_row_or_belongs_to_one_that_has() -> None:
    assert {file.name for file in FILES} == {row.file for row in FILE_ROWS} | COMPANIONS


def test_the_page_shows_the_rows() -> None:
    assert readers_table() in PAGE.read_text()


def test_every_test_that_the_page_names_exists() -> None:
    tests = "".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text()))
    assert {row.test for row in ROWS if row.test} <= named
    assert {name for name in named if f"def {name}(" not in tests} == set()


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_each_row_says_how_it_was_proved_in_one_way(row: Row) -> None:
    assert [bool(row.test), bool(row.tried), bool(row.not_run)].count(True) == 1


# --- what a reader can see


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_file_names_no_record_but_the_token_of_its_connection(file: Path) -> None:
    records = set(re.findall(rf"{LAYOUT.prefix}/\w+/[\w.-]+", file.read_text()))
    assert records <= {TOKEN.path}
    assert records or file.name in {"mounted-secret.yaml", "with-curl.sh"}


def test_the_script_names_no_record_but_the_token_of_the_connection_that_it_is_told() -> None:
    assert re.findall(r"/v1/(\S+)", (READERS / "with-curl.sh").read_text()) == [
        LAYOUT.token(ConnectionName("$1")).data + '")'
    ]


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_file_names_no_tree_that_holds_refresh_tokens_or_client_secrets(file: Path) -> None:
    assert not re.search(r"credentials/|clients/|refresh_token|client_secret", file.read_text())


def test_every_login_is_for_the_role_with_the_printed_policy() -> None:
    annotations = the("Deployment", "vault-agent-injector.yaml")["spec"]["template"]["metadata"]["annotations"]
    store = the("SecretStore", "external-secret.yaml")["spec"]["provider"]["vault"]
    assert {
        annotations["vault.hashicorp.com/role"],
        the("VaultAuth", "vault-static-secret.yaml")["spec"]["kubernetes"]["role"],
        store["auth"]["kubernetes"]["role"],
        the("SecretProviderClass", "secret-provider-class.yaml")["spec"]["parameters"]["roleName"],
        *re.findall(r"login role=(\S+)", (READERS / "cronjob.yaml").read_text()),
    } == {"crm-reader"}


# --- Kubernetes' own objects


@pytest.mark.parametrize("file", MANIFESTS, ids=name_of)
def test_kubernetes_own_objects_keep_to_their_schemas(file: Path) -> None:
    for thing in objects(file):
        if thing["apiVersion"] in {"v1", "apps/v1", "batch/v1"}:
            assert kubernetes_validate.validate(dict(thing), NEWEST, strict=True) == NEWEST


@pytest.mark.parametrize("file", MANIFESTS, ids=name_of)
def test_every_pod_runs_with_the_least_rights(file: Path) -> None:
    for pod in pods(file):
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


@pytest.mark.parametrize("file", MANIFESTS, ids=name_of)
def test_every_pod_gets_its_token_in_a_way_that_follows_a_replacement(file: Path) -> None:
    for pod in pods(file):
        for container in containers(pod):
            assert "envFrom" not in container
            assert not any("valueFrom" in variable for variable in container.get("env", []))
            assert not any("subPath" in mount for mount in container.get("volumeMounts", []))


@pytest.mark.parametrize("file", MANIFESTS, ids=name_of)
def test_every_container_works_in_the_folder_where_its_token_is(file: Path) -> None:
    injected = "/vault/secrets"
    for pod in pods(file):
        for container in containers(pod):
            mounted = {mount["mountPath"] for mount in container.get("volumeMounts", [])} or {injected}
            assert container["workingDir"] in mounted


# --- other people's kinds


def test_the_vault_secrets_operator_copies_the_record_each_minute_and_nothing_twice() -> None:
    secret = the("VaultStaticSecret", "vault-static-secret.yaml")
    spec = secret["spec"]
    assert secret["apiVersion"] == "secrets.hashicorp.com/v1beta1"
    assert (spec["type"], spec["mount"], spec["path"]) == ("kv-v2", TOKEN.mount, TOKEN.path)
    # The operator's own pattern: one unit only.
    assert re.fullmatch(r"([0-9]+(\.[0-9]+)?(s|m|h))", spec["refreshAfter"])
    assert spec["destination"]["create"]
    assert spec["destination"]["transformation"] == {"excludeRaw": True}
    assert "rolloutRestartTargets" not in spec
    assert spec["vaultAuthRef"] == the("VaultAuth", "vault-static-secret.yaml")["metadata"]["name"]


def test_the_external_secrets_operator_asks_well_within_the_floor() -> None:
    secret = the("ExternalSecret", "external-secret.yaml")
    store = the("SecretStore", "external-secret.yaml")
    spec, vault = secret["spec"], store["spec"]["provider"]["vault"]
    assert secret["apiVersion"] == store["apiVersion"] == "external-secrets.io/v1"
    assert (spec["refreshPolicy"], duration(spec["refreshInterval"])) == ("Periodic", 5 * MINUTE)
    assert spec["secretStoreRef"] == {"kind": "SecretStore", "name": store["metadata"]["name"]}
    assert (vault["version"], vault["path"]) == ("v2", TOKEN.mount)
    assert spec["dataFrom"] == [{"extract": {"key": TOKEN.path}}]


def test_the_csi_driver_mounts_two_fields_of_the_record() -> None:
    secret = the("SecretProviderClass", "secret-provider-class.yaml")
    assert secret["apiVersion"] == "secrets-store.csi.x-k8s.io/v1"
    assert secret["spec"]["provider"] == "vault"
    mounted = yaml.safe_load(secret["spec"]["parameters"]["objects"])
    assert {entry["secretPath"] for entry in mounted} == {TOKEN.data}
    assert [entry["secretKey"] for entry in mounted] == ["authorization", "api_domain"]
    assert "secretObjects" not in secret["spec"]


def test_the_csi_drivers_page_says_that_rotation_must_be_on() -> None:
    assert "--set enableSecretRotation=true" in (READERS / "secret-provider-class.yaml").read_text()


def test_each_mounted_secret_is_one_that_an_operator_writes() -> None:
    (pod,) = pods(READERS / "mounted-secret.yaml")
    (volume,) = pod["volumes"]
    assert {
        the("VaultStaticSecret", "vault-static-secret.yaml")["spec"]["destination"]["name"],
        the("ExternalSecret", "external-secret.yaml")["spec"]["target"]["name"],
    } == {volume["secret"]["secretName"]}


def test_the_injectors_template_is_that_of_the_plain_agent() -> None:
    annotations = the("Deployment", "vault-agent-injector.yaml")["spec"]["template"]["metadata"]["annotations"]
    plain = re.sub(r"\{\{- /\*.*?\*/ -\}\}\n", "", (READERS / "header.ctmpl").read_text())
    assert annotations["vault.hashicorp.com/agent-inject-template-header"] == plain
