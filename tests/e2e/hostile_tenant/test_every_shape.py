"""One tenant means harm. The rule, whatever he does: nobody else notices, neither now nor over a restart.

No healthy tenant's token falls below its floor, discovery is complete, every healthy tenant is known, one who comes is
served, and nobody else's client secret reaches another server.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event

import httpx
import pytest

from tests.e2e.hostile_tenant.shapes import CREDENTIALS, REPORTS, TOKEN_RECORDS
from tests.support.places.tenancy import TARGET, TENANTS, HostileTenant, Tenancy, a_tenancy
from tests.support.servers.openbao import Admin, new_corner
from zoho_simulator.faults import always, error

STORM_SECONDS = 2.0


@pytest.fixture(scope="module")
def tenancy(admin: Admin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenancy]:
    """One server and one daemon for all shapes."""
    with a_tenancy(new_corner(admin), tmp_path_factory.mktemp("tenancy")) as tenancy:
        yield tenancy


@pytest.fixture
def hostile(tenancy: Tenancy) -> Iterator[HostileTenant]:
    with tenancy.beset() as hostile:
        yield hostile


def assert_nobody_suffers_now_or_after_a_restart(tenancy: Tenancy) -> None:
    tenancy.newcomer()
    tenancy.assert_nobody_suffers()
    tenancy.restart()
    tenancy.assert_nobody_suffers()


@pytest.mark.parametrize("shape", CREDENTIALS)
def test_a_credential(tenancy: Tenancy, hostile: HostileTenant, shape: str) -> None:
    fields = hostile.credential(**CREDENTIALS[shape](tenancy))
    hostile.writes_credential(fields)
    assert_nobody_suffers_now_or_after_a_restart(tenancy)


@pytest.mark.parametrize("shape", TOKEN_RECORDS)
def test_a_token_record(tenancy: Tenancy, hostile: HostileTenant, shape: str) -> None:
    """Beside a Zoho that issues no other in its place."""
    fields = hostile.credential()
    tenancy.site.zoho.fault(always(error("general_error")), refresh_token=hostile.refresh_token)
    record = hostile.token_record(**TOKEN_RECORDS[shape])
    hostile.writes_token_record(record)
    hostile.writes_credential(fields)
    assert_nobody_suffers_now_or_after_a_restart(tenancy)


@pytest.mark.parametrize("shape", REPORTS)
def test_a_report(tenancy: Tenancy, hostile: HostileTenant, shape: str) -> None:
    """Beside a true one of another tenant, which is answered."""
    hostile.writes_credential(hostile.credential())
    tenancy.daemon.until_state(hostile.name, "fresh")
    hostile.writes_report(REPORTS[shape](tenancy))
    tenancy.report(TENANTS[list(REPORTS).index(shape)])
    tenancy.daemon.until(lambda: not tenancy.has_report(hostile.name), "his report is dismissed")
    tenancy.assert_nobody_suffers()


@pytest.mark.parametrize("refused", [False, True], ids=["of a living grant", "of a refused grant"])
def test_a_credential_that_is_rewritten_many_times_a_second(
    tenancy: Tenancy, hostile: HostileTenant, *, refused: bool
) -> None:
    """Each time with another refresh token, which Zoho refuses: it wakes his connection once a minute at most."""
    fields = hostile.credential(**({"refresh_token": '"1000.refused"'} if refused else {}))
    hostile.writes_credential(fields)
    tenancy.daemon.until(hostile.requests, "Zoho is asked for him")
    before, numbers, ends_at = hostile.requests(), count(), time.monotonic() + STORM_SECONDS
    while time.monotonic() < ends_at:
        fields["refresh_token"] = f'"1000.refused.{next(numbers)}"'
        hostile.writes_credential(fields)
    tenancy.newcomer()
    assert hostile.requests() - before <= 1
    tenancy.assert_nobody_suffers()


def test_a_record_of_somebody_elses_where_targets_are_written(tenancy: Tenancy, hostile: HostileTenant) -> None:
    """In the very shape of ours, by somebody who may write there."""
    admin, mount = tenancy.site.corner.admin, tenancy.site.corner.mount
    path = f"{mount}/data/{TARGET.path_of(hostile.name)}"
    admin.ask("POST", path, {"data": {"value": "a person's own"}})
    hostile.writes_credential(hostile.credential())
    tenancy.daemon.until_told("target.behind", connection=hostile.name)
    assert_nobody_suffers_now_or_after_a_restart(tenancy)
    assert admin.text("GET", path, "data", "data", "value") == "a person's own"
    for name in TENANTS:
        tenancy.until_told(name)


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize(
    "path", ["/status", f"/status?search={'x' * 8_000}", "/"], ids=["the status", "a long search", "the page"]
)
def test_a_flood_of_requests(tenancy: Tenancy, path: str) -> None:
    over, address = Event(), tenancy.daemon.address

    def flood() -> int:
        asked = 0
        with httpx.Client(trust_env=False, timeout=120) as http:
            while not over.is_set():
                http.get(address + path)
                asked += 1
        return asked

    with ThreadPoolExecutor(16) as crowd:
        flooding = [crowd.submit(flood) for _ in range(16)]
        tenancy.newcomer()
        assert tenancy.daemon.get("/livez").is_success
        over.set()
    assert sum(each.result() for each in flooding) > len(flooding)
    tenancy.assert_nobody_suffers()
