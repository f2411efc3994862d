"""The policies that the command line prints: enough for the job, and nothing beyond it."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.openbao import Admin, Corner, new_corner
from tests.process import call
from tests.site import a_site
from zoho_simulator.faults import rotated_refresh_token

FIELDS = {"data": {"a": "b"}}


def printed(kind: str, corner: Corner) -> str:
    policy = call("policy", kind, environment={"ZOHO_TOKEND_MOUNT": corner.mount})
    assert (policy.code, policy.err) == (0, "")
    return policy.out


@pytest.fixture(scope="module")
def corner(admin: Admin) -> Corner:
    corner = new_corner(admin)
    for path in ("credentials/crm-prod", "tokens/crm-prod", "clients/jobs", "other/thing"):
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
        )

    def asks(self, method: str, path: str) -> int:
        """The status of the answer."""
        return self._http.request(method, path, json=FIELDS if method == "POST" else None).status_code

    def close(self) -> None:
        self._http.close()


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
        ("LIST", "metadata/zoho/tokens"),
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
    token = admin.token(admin.policy(printed("daemon", own))).reveal()
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
