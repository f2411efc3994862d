"""Whatever breaks around the daemon for less than the floor, no job notices it. How it is broken: tests/reliability."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from datetime import timedelta

import pytest

from tests.reliability.account import Account
from tests.reliability.catalogue import SCENARIOS
from tests.reliability.matrix import played
from tests.reliability.scenario import Scenario
from tests.reliability.stage import POLICY
from tests.reliability.surroundings import NotHere

NONE = timedelta()
PLAYED = {name: scenario for name, scenario in SCENARIOS.items() if not scenario.large}
Accounts = Mapping[str, Future[Account]]


@pytest.fixture(scope="module")
def accounts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    """All scenarios that are to be tested, under way at once; none is left when the tests are over."""
    tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
    chosen = [each for name, each in PLAYED.items() if any(test.name.endswith(f"[{name}]") for test in tests)]
    with played(chosen, tmp_path_factory.mktemp("faults"), full_size=False) as accounts:
        yield accounts


# The first one waits for most of the others too.
@pytest.mark.timeout(900)
@pytest.mark.parametrize("scenario", PLAYED.values(), ids=PLAYED)
def test_no_job_notices_that(accounts: Accounts, scenario: Scenario) -> None:
    try:
        account = accounts[scenario.name].result()
    except NotHere as reason:
        pytest.skip(str(reason))

    assert account.asked <= POLICY.issues_per_ten_minutes, account
    if scenario.outlasts_floor:
        return
    assert account.kept or scenario.loses_record, account
    assert account.least_life > NONE, account
    assert scenario.hides_vault or not account.from_vault.failed, account
