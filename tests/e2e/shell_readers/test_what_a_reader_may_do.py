"""The printed policy of a reader, for one connection and for all, against a real server: one read and nothing else."""

from collections.abc import Iterator, Sequence
from contextlib import closing

import httpx
import pytest

from tests.support.processes.process import call
from tests.support.servers.openbao import Admin, Corner, new_corner

BEYOND_READING = {
    "read a credential": ("GET", "data/zoho/credentials/crm-prod"),
    "read the names of a credential's fields": ("GET", "subkeys/zoho/credentials/crm-prod"),
    "read the versions of a credential": ("GET", "metadata/zoho/credentials/crm-prod"),
    "list the credentials": ("LIST", "metadata/zoho/credentials"),
    "write a credential": ("POST", "data/zoho/credentials/crm-prod"),
    "delete a credential": ("DELETE", "data/zoho/credentials/crm-prod"),
    "read a client": ("GET", "data/zoho/clients/jobs"),
    "list the clients": ("LIST", "metadata/zoho/clients"),
    "write a token": ("POST", "data/zoho/tokens/crm-prod"),
    "delete a token": ("DELETE", "data/zoho/tokens/crm-prod"),
    "destroy a token": ("POST", "destroy/zoho/tokens/crm-prod"),
    "erase a token": ("DELETE", "metadata/zoho/tokens/crm-prod"),
    "read the versions of a token": ("GET", "metadata/zoho/tokens/crm-prod"),
    "list the tokens": ("LIST", "metadata/zoho/tokens"),
    "read a report": ("GET", "data/zoho/reports/crm-prod"),
    "write a report": ("POST", "data/zoho/reports/crm-prod"),
    "list the reports": ("LIST", "metadata/zoho/reports"),
    "list the folders": ("LIST", "metadata/zoho"),
    "read what is not ours": ("GET", "data/other/thing"),
    "read how the mount is set up": ("GET", "config"),
}


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
        body = {"data": {"a": "b"}, "versions": [1]} if method == "POST" else None
        return self._http.request(method, path, json=body).status_code

    def close(self) -> None:
        self._http.close()


@pytest.fixture(scope="module")
def corner(admin: Admin) -> Corner:
    corner = new_corner(admin)
    records = ("credentials/crm-prod", "clients/jobs", "tokens/crm-prod", "tokens/crm-prod-2", "tokens/sales")
    for path in records:
        corner.put(path, a="b")
    admin.ask("POST", f"{corner.mount}/data/other/thing", {"data": {"a": "b"}})
    return corner


def visitor(corner: Corner, options: Sequence[str]) -> Visitor:
    policy = call("policy", "reader", *options, environment={"ZOHO_TOKEND_MOUNT": corner.mount})
    assert (policy.code, policy.err) == (0, "")
    return Visitor(corner, policy.out)


@pytest.fixture(scope="module")
def of_every_connection(corner: Corner) -> Iterator[Visitor]:
    with closing(visitor(corner, ())) as reader:
        yield reader


@pytest.fixture(scope="module")
def of_one_connection(corner: Corner) -> Iterator[Visitor]:
    with closing(visitor(corner, ("--connection", "crm-prod"))) as reader:
        yield reader


def test_a_reader_of_every_connection_reads_every_token(of_every_connection: Visitor) -> None:
    for name in ("crm-prod", "crm-prod-2", "sales"):
        assert of_every_connection.asks("GET", f"data/zoho/tokens/{name}") == 200


def test_a_reader_of_one_connection_reads_its_token(of_one_connection: Visitor) -> None:
    assert of_one_connection.asks("GET", "data/zoho/tokens/crm-prod") == 200


@pytest.mark.parametrize("other", ["sales", "crm-prod-2"])
def test_a_reader_of_one_connection_reads_no_other_token(of_one_connection: Visitor, other: str) -> None:
    assert of_one_connection.asks("GET", f"data/zoho/tokens/{other}") == 403


@pytest.mark.parametrize("wish", BEYOND_READING)
def test_a_reader_of_every_connection_may_not(of_every_connection: Visitor, wish: str) -> None:
    assert of_every_connection.asks(*BEYOND_READING[wish]) == 403


@pytest.mark.parametrize("wish", BEYOND_READING)
def test_a_reader_of_one_connection_may_not(of_one_connection: Visitor, wish: str) -> None:
    assert of_one_connection.asks(*BEYOND_READING[wish]) == 403
