"""What the product takes for granted of Vault, asked of a real server: a release that behaves otherwise fails here."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from tests.support.servers.openbao import Corner
from tests.support.servers.quota import rate_limited
from zoho_tokend.core.model import Secret

RECORD = "tokens/crm-prod"
MINUTE = timedelta(minutes=1)
A_FEW = 3


class Kv:
    """The records of a corner, by plain HTTP: no answer is made anything of."""

    def __init__(self, corner: Corner, token: Secret) -> None:
        self._mount = corner.mount
        self._http = httpx.Client(
            base_url=f"{corner.address}/v1/",
            headers={"X-Vault-Token": token.reveal()},
            trust_env=False,
            timeout=60,
        )
        self.close = self._http.close

    def read(self, path: str) -> httpx.Response:
        return self.ask("GET", f"{self._mount}/data/zoho/{path}")

    def write(self, path: str, *, cas: int) -> httpx.Response:
        body = {"data": {"access_token": "invented"}, "options": {"cas": cas}}
        return self.ask("POST", f"{self._mount}/data/zoho/{path}", body)

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        return self._http.request(method, path, json=body)

    def refusal(self, path: str) -> httpx.Response:
        """The first answer that is none of the record's own."""
        return next(answer for answer in iter(lambda: self.read(path), None) if answer.status_code != HTTPStatus.OK)


@contextmanager
def kv_of(corner: Corner, token: Secret) -> Iterator[Kv]:
    with closing(Kv(corner, token)) as kv:
        yield kv


@pytest.fixture
def kv(corner: Corner) -> Iterator[Kv]:
    with kv_of(corner, corner.admin.server.root_token) as kv:
        yield kv


def written(answer: httpx.Response) -> dict[str, Any]:
    """Of a write: the version that it made, and when."""
    assert answer.status_code == HTTPStatus.OK, answer.text
    made: dict[str, Any] = answer.json()["data"]
    return made


# --- a record that goes and comes back


def test_a_record_that_was_destroyed_and_made_anew_has_the_same_version_and_another_birth(
    corner: Corner, kv: Kv
) -> None:
    first = written(kv.write(RECORD, cas=0))
    corner.erase(RECORD)
    second = written(kv.write(RECORD, cas=0))

    assert first["version"] == second["version"] == 1
    assert first["created_time"] < second["created_time"]
    assert kv.read(RECORD).json()["data"]["metadata"]["created_time"] == second["created_time"]


def test_a_record_that_was_deleted_is_written_after_its_last_version(corner: Corner, kv: Kv) -> None:
    version = written(kv.write(RECORD, cas=0))["version"]
    corner.delete(RECORD)

    gone = kv.read(RECORD)
    assert (gone.status_code, gone.json()["data"]["metadata"]["version"]) == (HTTPStatus.NOT_FOUND, version)
    assert written(kv.write(RECORD, cas=version))["version"] == version + 1


def test_a_record_that_was_destroyed_conflicts_with_a_write_after_its_last_version(corner: Corner, kv: Kv) -> None:
    version = written(kv.write(RECORD, cas=0))["version"]
    corner.erase(RECORD)

    assert kv.read(RECORD).json() == {"errors": []}
    conflict = kv.write(RECORD, cas=version)
    assert conflict.status_code == HTTPStatus.BAD_REQUEST
    assert conflict.json()["errors"] == ["check-and-set parameter did not match the current version"]
    assert written(kv.write(RECORD, cas=0))["version"] == 1


# --- a quota


def test_beyond_a_quota_every_request_is_refused_with_429_and_no_word_of_when_to_come_back(
    corner: Corner, kv: Kv
) -> None:
    corner.put(RECORD, access_token="invented")
    with rate_limited(corner.admin, requests=A_FEW, every=MINUTE, path=f"{corner.mount}/"):
        answers = [kv.read(RECORD) for _ in range(A_FEW + 1)]
        health = kv.ask("GET", "sys/health")

    assert [answer.status_code for answer in answers] == [HTTPStatus.OK] * A_FEW + [HTTPStatus.TOO_MANY_REQUESTS]
    assert answers[-1].json()["errors"] == [
        f'request path "{corner.mount}/data/zoho/{RECORD}": rate limit quota exceeded'
    ]
    assert "Retry-After" not in answers[-1].headers
    assert health.status_code == HTTPStatus.OK


def test_with_response_headers_a_quota_tells_the_whole_seconds_after_which_it_counts_anew(
    corner: Corner, kv: Kv
) -> None:
    corner.put(RECORD, access_token="invented")
    with rate_limited(corner.admin, requests=A_FEW, every=MINUTE, path=f"{corner.mount}/", tells_when=True):
        counted = kv.read(RECORD)
        refused = kv.refusal(RECORD)

    assert counted.headers["X-RateLimit-Limit"] == str(A_FEW)
    assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert 0 < int(refused.headers["Retry-After"]) <= MINUTE.total_seconds()


def test_a_quota_that_counts_by_the_second_says_to_come_back_after_none(corner: Corner, kv: Kv) -> None:
    """Less than a second is left, and a whole number is told: 0 is an answer, and does not mean at once."""
    corner.put(RECORD, access_token="invented")
    with rate_limited(corner.admin, requests=1, path=f"{corner.mount}/", tells_when=True):
        refused = kv.refusal(RECORD)

    assert (refused.status_code, refused.headers["Retry-After"]) == (HTTPStatus.TOO_MANY_REQUESTS, "0")


# --- a policy


def test_a_path_that_the_policy_denies_is_refused_by_itself_and_listed_with_the_others(corner: Corner) -> None:
    corner.put("credentials/crm-prod", client_id="invented")
    corner.put("credentials/of-others", client_id="invented")
    corner.forbid("credentials/of-others")

    with kv_of(corner, corner.admin.token(corner.policy)) as kv:
        names = kv.ask("LIST", f"{corner.mount}/metadata/zoho/credentials").json()["data"]["keys"]
        statuses = {name: kv.read(f"credentials/{name}").status_code for name in names}
        refusal = kv.read("credentials/of-others").json()["errors"]
        accepted = kv.ask("GET", "auth/token/lookup-self").status_code

    assert statuses == {"crm-prod": HTTPStatus.OK, "of-others": HTTPStatus.FORBIDDEN}
    assert any("permission denied" in line for line in refusal)
    assert accepted == HTTPStatus.OK, "the token is good all the same"
