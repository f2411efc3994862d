"""docs/operations.md says what the code and the manifests say."""

import re
from pathlib import Path

import pytest
import yaml

from tests.support.documents.generated_docs import OPERATIONS_PARTS, ROOT, renewed
from tests.support.documents.manifests import DEPLOY, Rendered, kustomized
from tests.support.documents.operations_page import OPERATIONS, commands, files, section
from tests.support.documents.pod_resources import Size, measured

PAGE = OPERATIONS.read_text()
MEASURED_FOR_THE_BASE = 10_000
BESIDE_THE_CHECKOUT = "../zoho-tokend/deploy/"


def applied(folder: Path, kustomization: str) -> Rendered:
    """What kubectl makes of it in the folder of the page, beside a checkout."""
    (folder / "zoho-tokend").mkdir()
    (folder / "zoho-tokend" / "deploy").symlink_to(DEPLOY)
    (folder / "zoho").mkdir()
    (folder / "zoho" / "kustomization.yaml").write_text(kustomization)
    (folder / "zoho" / "vault-ca.crt").write_text("invented")
    return kustomized(folder / "zoho")


def test_its_generated_tables_are_those_of_the_code() -> None:
    assert renewed(PAGE, OPERATIONS_PARTS) == PAGE, "run `make docs`"


def test_the_base_asks_for_what_ten_thousand_connections_were_measured_to_need() -> None:
    size = Size(MEASURED_FOR_THE_BASE, measured())
    (container,) = yaml.safe_load((DEPLOY / "base" / "deployment.yaml").read_text())["spec"]["template"]["spec"][
        "containers"
    ]
    assert container["resources"] == {"requests": size.requests, "limits": size.limits}
    assert f"{MEASURED_FOR_THE_BASE:,}" in section("How large")


def test_what_it_has_people_apply_is_taken_from_what_is_shipped(tmp_path: Path) -> None:
    kustomization = yaml.safe_load(files(section("Deploy"))[0])
    listed = kustomization["resources"] + kustomization["components"]
    assert all((DEPLOY / path.removeprefix(BESIDE_THE_CHECKOUT)).is_dir() for path in listed)
    rendered = applied(tmp_path, files(section("Deploy"))[0])
    assert rendered.container["image"] == "registry.example/zoho-tokend:0.1.0"
    trusted = {volume["configMap"]["name"] for volume in rendered.pod["volumes"] if "configMap" in volume}
    assert trusted <= {thing["metadata"]["name"] for thing in rendered.of("ConfigMap")}


def test_its_lines_for_a_vault_elsewhere_change_that_rule_alone(tmp_path: Path) -> None:
    deploy, lines = files(section("Deploy"))[0], files(section("What the pods may do"))[0]
    before, after = (
        {thing["metadata"]["name"]: thing["spec"] for thing in rendered.of("NetworkPolicy")}
        for rendered in (applied(tmp_path / name, text) for name, text in _two(tmp_path, deploy, deploy + lines))
    )
    (rule,) = after["zoho-tokend-vault"]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "10.1.2.3/32"}}]
    assert rule["ports"] == before["zoho-tokend-vault"]["egress"][0]["ports"]
    assert {name for name in before if before[name] != after[name]} == {"zoho-tokend-vault"}


def _two(folder: Path, *texts: str) -> list[tuple[str, str]]:
    named = [(f"{number}", text) for number, text in enumerate(texts)]
    for name, _ in named:
        (folder / name).mkdir()
    return named


def test_its_lines_for_a_prometheus_with_a_label_of_its_own_label_everything_and_change_no_selector(
    tmp_path: Path,
) -> None:
    deploy, lines = files(section("Deploy"))[0], files(section("Scrape, alert and look"))[0]
    rendered = applied(tmp_path, deploy + lines)
    assert all(thing["metadata"]["labels"]["release"] == "prometheus" for thing in rendered.objects)
    assert "release" not in rendered.the("PodMonitor")["spec"]["selector"]["matchLabels"]
    assert "release" not in rendered.workload["spec"]["selector"]["matchLabels"]


def test_its_lines_for_shards_give_each_of_them_two_pods(tmp_path: Path) -> None:
    kustomization = yaml.safe_load(files(section("Deploy"))[0])
    lines = yaml.safe_load(files(section("Beyond one process"))[0])
    kustomization["components"] += lines.pop("components")
    rendered = applied(tmp_path, yaml.safe_dump(kustomization | lines))
    assert rendered.workload["kind"] == "StatefulSet"
    assert rendered.workload["spec"]["replicas"] == 2 * int(rendered.settings["SHARDS"]) == 6


def test_every_object_that_its_commands_name_is_one_that_is_applied(tmp_path: Path) -> None:
    rendered = applied(tmp_path, files(section("Deploy"))[0])
    there = {(thing["kind"].lower(), thing["metadata"]["name"]) for thing in rendered.objects}
    named = set(re.findall(r"\b(deployment|service|statefulset)/(\S+)", "\n".join(commands(PAGE))))
    assert named
    assert named <= there
    namespaces = set(re.findall(r"kubectl -n (\S+)", PAGE)) - {"kube-system"}
    assert namespaces == {rendered.the("Namespace")["metadata"]["name"]}


def test_its_links_lead_somewhere() -> None:
    for link, anchor in re.findall(r"\]\((?!http)([^)#]*)(#[^)]*)?\)", PAGE):
        page = (OPERATIONS.parent / link) if link else OPERATIONS
        assert page.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
            assert anchor[1:] in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_test_that_it_names_exists() -> None:
    tests = "".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert named
    assert {name for name in named if f"def {name}(" not in tests} == set()


@pytest.mark.parametrize("command", commands(PAGE))
def test_a_command_is_one_of_a_section_that_a_test_follows(command: str) -> None:
    followed = (ROOT / "tests" / "e2e" / "deploy" / "test_operations.py").read_text()
    home = next(heading for heading in _headings() if command in commands(section(heading)))
    assert f'"{home}"' in followed


def _headings() -> list[str]:
    return re.findall(r"^#+ (?:\d+\. )?(.+)$", PAGE, re.MULTILINE)
