"""The policies that the command line prints: enough for the job, and nothing beyond it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.support.people.operator_shell import OperatorShell
from tests.support.places.site import Site, a_site
from tests.support.processes.process import call
from tests.support.servers.openbao import Admin, Corner, new_corner
from zoho_simulator import ClientKind
from zoho_simulator.faults import rotated_refresh_token

FIELDS = {"data": {"a": "b"}}


def printed(kind: str, corner: Corner, *options: str) -> str:
    policy = call("policy", kind, *options, environment={"ZOHO_TOKEND_MOUNT": corner.mount})
    assert (policy.code, policy.err) == (0, "")
    return policy.out


@pytest.fixture(scope="module")
def corner(admin: Admin) -> Corner:
    corner = new_corner(admin)
    corner.put("other/thing", a="b")
    for path in ("credentials/crm-prod", "tokens/crm-prod", "credentials/sales", "tokens/sales", "clients/jobs"):
        corner.put(path, a="b")
    return corner


class Visitor:
    """Somebody whose token has this policy alone."""

    def __init__(self, corner: Corner, rules: str) -> None:
        token = corner.admin.token(corner.admin.policy(rules))
        self._http = httpx.Client(
            base_url=f"{corner.address}/v1/{corner.mount}/",
            headers={"X-Vault-Token": token.reveal()},
            trust_env=False,
            timeout=60,
        )

    def asks(self, method: str, path: str) -> int:
        """The status of the answer."""
        return self._http.request(method, path, json=FIELDS if method == "POST" else None).status_code

    def close(self) -> None:
        self._http.close()


def test_a_policy_is_that_of_the_settings_file_unless_the_environment_says_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "zoho-tokend.toml"
    file.write_text(
        'mount = "kv"\nREPORTS = "on"\npublish_targets = ["airflow-variable=variables/{connection}"]\nconcurrency = 4\n'
    )
    printed = call("--config", str(file), "policy", "daemon", environment={"ZOHO_TOKEND_PREFIX": "crm"})
    assert (printed.code, printed.err) == (0, "")
    for path in ("kv/data/crm/tokens/*", "kv/metadata/crm/reports", "kv/data/variables/*"):
        assert f'path "{path}"' in printed.out
    by_hand = call("--config", str(file), "policy", "reader", "--mount", "other")
    assert 'path "other/data/zoho/tokens/*"' in by_hand.out


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mount = ", "is not TOML"),
        ('publish_targets = "airflow"', "a publish target is a shape and a path"),
        ('reports = "yes"', "'yes' is not one of 'off', 'on'"),
    ],
)
def test_a_settings_file_that_will_not_do_is_told_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "zoho-tokend.toml"
    file.write_text(text)
    printed = call("--config", str(file), "policy", "daemon")
    assert printed.code in {1, 2}
    assert sentence in printed.err
    assert "Traceback" not in printed.err


@pytest.fixture(scope="module")
def daemon_visitor(corner: Corner) -> Iterator[Visitor]:
    with closing(Visitor(corner, printed("daemon", corner))) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def reader(corner: Corner) -> Iterator[Visitor]:
    with closing(Visitor(corner, printed("reader", corner))) as visitor:
        yield visitor


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "data/other/thing"),
        ("GET", "data/zoho/other"),
        ("DELETE", "data/zoho/budgets/0123456789abcdef"),
        ("LIST", "metadata/zoho/clients"),
        ("LIST", "metadata/zoho"),
        ("DELETE", "data/zoho/tokens/crm-prod"),
        ("DELETE", "metadata/zoho/tokens/crm-prod"),
        ("DELETE", "data/zoho/credentials/crm-prod"),
        ("DELETE", "metadata/zoho/credentials/crm-prod"),
        ("POST", "destroy/zoho/tokens/crm-prod"),
        ("POST", "data/zoho/credentials/a-new-one"),
        ("POST", "data/zoho/clients/jobs"),
    ],
)
def test_the_printed_daemon_policy_forbids(daemon_visitor: Visitor, method: str, path: str) -> None:
    assert daemon_visitor.asks(method, path) == 403


def test_the_printed_daemon_policy_is_enough_to_keep_a_connection_fresh_over_a_restart(
    admin: Admin, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own = new_corner(admin)
    token = admin.token(admin.policy(printed("daemon", own)), no_default_policy=True).reveal()
    with a_site(own, tmp_path_factory.mktemp("site")) as site:
        site.corner.put("clients/jobs", **site.fields(site.client()))
        site.corner.put("credentials/named", client="jobs", refresh_token=site.zoho.consent(site.client()))
        old = site.connect("rotated")
        site.zoho.fault(rotated_refresh_token(), refresh_token=old)
        with site.daemon(VAULT_TOKEN=token) as daemon:
            daemon.until_state("named", "fresh")
            daemon.until_state("rotated", "fresh")
            assert daemon.metric("vault_requests_total", outcome="forbidden") == 0
            assert site.corner.fields("credentials/rotated")["refresh_token"] != old
            daemon.stop()
        with site.daemon(VAULT_TOKEN=token) as daemon:
            daemon.until_state("named", "fresh")
            assert daemon.metric("vault_requests_total", outcome="forbidden") == 0


def test_the_printed_reader_policy_reads_tokens(reader: Visitor) -> None:
    assert reader.asks("GET", "data/zoho/tokens/crm-prod") == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "data/zoho/credentials/crm-prod"),
        ("GET", "data/zoho/clients/jobs"),
        ("POST", "data/zoho/tokens/crm-prod"),
        ("DELETE", "data/zoho/tokens/crm-prod"),
        ("LIST", "metadata/zoho/tokens"),
        ("GET", "metadata/zoho/tokens/crm-prod"),
    ],
)
def test_the_printed_reader_policy_forbids(reader: Visitor, method: str, path: str) -> None:
    assert reader.asks(method, path) == 403


@pytest.fixture(scope="module")
def reporter(corner: Corner) -> Iterator[Visitor]:
    with closing(Visitor(corner, printed("reporter", corner, "--connection", "crm-prod"))) as visitor:
        yield visitor


def test_the_printed_reporter_policy_writes_reports_of_its_connection(reporter: Visitor) -> None:
    assert [reporter.asks("POST", "data/zoho/reports/crm-prod") for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "data/zoho/reports/sales"),
        ("GET", "data/zoho/reports/crm-prod"),
        ("DELETE", "data/zoho/reports/crm-prod"),
        ("DELETE", "metadata/zoho/reports/crm-prod"),
        ("LIST", "metadata/zoho/reports"),
        ("GET", "data/zoho/tokens/crm-prod"),
        ("POST", "data/zoho/tokens/crm-prod"),
        ("GET", "data/zoho/credentials/crm-prod"),
        ("POST", "data/zoho/credentials/crm-prod"),
    ],
)
def test_the_printed_reporter_policy_forbids(reporter: Visitor, method: str, path: str) -> None:
    assert reporter.asks(method, path) == 403


@pytest.fixture(scope="module")
def tenant(corner: Corner) -> Iterator[Visitor]:
    with closing(Visitor(corner, printed("tenant", corner, "--connection", "crm-prod"))) as visitor:
        yield visitor


def test_the_printed_tenant_policy_keeps_one_connection(tenant: Visitor) -> None:
    done = [("POST", "credentials"), ("GET", "credentials"), ("GET", "tokens"), ("POST", "reports")]
    assert {tenant.asks(method, f"data/zoho/{folder}/crm-prod") for method, folder in done} == {200}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "data/zoho/clients/jobs"),
        ("POST", "data/zoho/clients/jobs"),
        ("LIST", "metadata/zoho/credentials"),
        ("POST", "data/zoho/credentials/sales"),
        ("GET", "data/zoho/credentials/sales"),
        ("DELETE", "metadata/zoho/credentials/crm-prod"),
        ("GET", "data/zoho/tokens/sales"),
        ("POST", "data/zoho/tokens/crm-prod"),
        ("POST", "data/zoho/reports/sales"),
        ("GET", "data/zoho/budgets/0123456789abcdef"),
    ],
)
def test_the_printed_tenant_policy_forbids(tenant: Visitor, method: str, path: str) -> None:
    assert tenant.asks(method, path) == 403


def test_an_operator_of_one_connection_and_client_reads_no_other_secret(corner: Corner) -> None:
    rules = printed("operator", corner, "--connection", "crm-prod", "--client", "own")
    with closing(Visitor(corner, rules)) as visitor:
        assert visitor.asks("GET", "data/zoho/clients/jobs") == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("LIST", "metadata/zoho/reports"),
        ("GET", "data/zoho/reports/crm-prod"),
        ("DELETE", "metadata/zoho/reports/crm-prod"),
    ],
)
def test_the_daemon_may_look_at_reports_where_they_are_switched_on_and_nowhere_else(
    corner: Corner, method: str, path: str
) -> None:
    for switch, statuses in (("off", {403}), ("on", {200, 204})):
        corner.put("reports/crm-prod", a="b")
        with closing(Visitor(corner, printed("daemon", corner, "--reports", switch))) as daemon:
            assert daemon.asks(method, path) in statuses


@pytest.fixture(scope="module")
def operator(corner: Corner) -> Iterator[Visitor]:
    with closing(Visitor(corner, printed("operator", corner))) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def writer(corner: Corner) -> Iterator[Visitor]:
    """An operator of crm-prod alone."""
    with closing(Visitor(corner, printed("operator", corner, "--connection", "crm-prod"))) as visitor:
        yield visitor


BEYOND_ANY_OPERATOR = [
    ("GET", "data/zoho/other/thing"),
    ("GET", "data/other/thing"),
    ("LIST", "metadata/zoho"),
    ("LIST", "metadata/zoho/tokens"),
    ("DELETE", "data/zoho/clients/jobs"),
    ("DELETE", "metadata/zoho/credentials/crm-prod"),
    ("POST", "metadata/zoho/credentials/crm-prod"),
    ("POST", "metadata/zoho/tokens/crm-prod"),
    ("POST", "destroy/zoho/credentials/crm-prod"),
    ("POST", "destroy/zoho/tokens/crm-prod"),
    ("POST", "undelete/zoho/clients/jobs"),
    ("POST", "config"),
]


@pytest.mark.parametrize(("method", "path"), BEYOND_ANY_OPERATOR)
def test_the_printed_operator_policy_forbids(operator: Visitor, method: str, path: str) -> None:
    assert operator.asks(method, path) == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *BEYOND_ANY_OPERATOR,
        ("GET", "data/zoho/credentials/sales"),
        ("POST", "data/zoho/credentials/sales"),
        ("DELETE", "data/zoho/credentials/sales"),
        ("GET", "metadata/zoho/credentials/sales"),
        ("POST", "undelete/zoho/credentials/sales"),
        ("GET", "data/zoho/credentials/crm-prod-2"),
        ("GET", "data/zoho/tokens/sales"),
        ("POST", "data/zoho/tokens/sales"),
        ("DELETE", "data/zoho/tokens/sales"),
        ("DELETE", "metadata/zoho/tokens/sales"),
        ("LIST", "metadata/zoho/credentials"),
        ("LIST", "metadata/zoho/clients"),
        ("POST", "data/zoho/clients/jobs"),
    ],
)
def test_the_printed_policy_of_one_connections_operator_forbids(writer: Visitor, method: str, path: str) -> None:
    assert writer.asks(method, path) == 403


@pytest.fixture
def site(admin: Admin, tmp_path: Path) -> Iterator[Site]:
    """A site with a mount of its own, for commands that change what is there."""
    with a_site(new_corner(admin), tmp_path) as site:
        yield site


@pytest.mark.parametrize("options", [[], ["--connection", "crm-prod"]], ids=["all", "one connection"])
def test_the_printed_operator_policy_is_enough_for_a_connections_whole_life(site: Site, options: list[str]) -> None:
    application = site.zoho.add_client("console", home="eu", kind=ClientKind.SELF)
    site.corner.put("clients/console", **site.fields(application), kind="self")
    shell = OperatorShell(site, printed("operator", site.corner, *options))
    row = f"connection,client,refresh_token\ncrm-prod,console,{site.zoho.consent(application)}\n"

    assert shell("connections", "import", "-", stdin=row).code == 0
    assert shell("refresh", "crm-prod").code == 0
    assert shell("revoke", "crm-prod", "--yes").code == 0
    code = site.zoho.grant_code(application)
    connected = shell("authorize", "self-client", "crm-prod", "--client=console", "--replace", stdin=code)
    assert connected.code == 0, connected.err
    assert "fingerprint" in shell("connections", "show", "crm-prod").out
    assert shell("connections", "remove", "crm-prod", "--yes").code == 0


def test_the_printed_operator_policy_adds_clients_and_lists_what_there_is(site: Site) -> None:
    shell = OperatorShell(site, printed("operator", site.corner))
    add = ["client", "add", "jobs", "--client-id=1000.X", "--kind=self", "--accounts-server=eu", "--connections=*"]
    assert shell(*add, stdin="invented").code == 0
    assert "jobs" in shell("client", "list").out
    assert shell("connections").code == 0


def test_the_operator_of_one_connection_is_told_what_is_denied_for_another(site: Site) -> None:
    site.connect("sales")
    shell = OperatorShell(site, printed("operator", site.corner, "--connection", "crm-prod"))
    for command in (["refresh", "sales"], ["connections", "show", "sales"], ["connections"]):
        denied = shell(*command)
        assert denied.code == 1
        assert "Vault's policy denies" in denied.err
    revoked = shell("revoke", "sales", "--yes")
    assert (revoked.code, len(site.zoho.journal.entries)) == (1, 0)
