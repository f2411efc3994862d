from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoho_tokend.vault.renewal import Due, Lease, Step, Trouble, next_step

HOUR = Lease(begun=1000.0, lasts=3600.0, renewable=True, replaceable=True)
FRESH = Trouble()


@pytest.mark.parametrize(
    ("lease", "trouble", "due"),
    [
        pytest.param(None, FRESH, Due(Step.LOG_IN, -inf), id="without a token it logs in at once"),
        pytest.param(HOUR, FRESH, Due(Step.RENEW, 3400.0), id="a renewable token is renewed after two thirds"),
        pytest.param(
            replace(HOUR, renewable=False),
            FRESH,
            Due(Step.LOG_IN, 3880.0),
            id="any other is replaced after four fifths",
        ),
        pytest.param(
            replace(HOUR, renewable=False, replaceable=False),
            FRESH,
            Due(Step.LOG_IN, 4600.0),
            id="one that somebody hands us is asked for again only when it is over",
        ),
        pytest.param(replace(HOUR, lasts=inf), FRESH, Due(Step.RENEW, inf), id="one that never ends needs nothing"),
        pytest.param(
            replace(HOUR, lasts=inf, renewable=False), FRESH, Due(Step.LOG_IN, inf), id="nor does an eternal root token"
        ),
        pytest.param(HOUR, Trouble(1, 3400.0), Due(Step.RENEW, 3410.0), id="a failed renewal is tried after 10 s"),
        pytest.param(HOUR, Trouble(3, 3400.0), Due(Step.RENEW, 3440.0), id="then after ever longer"),
        pytest.param(HOUR, Trouble(9, 3400.0), Due(Step.RENEW, 3700.0), id="then every 5 min"),
        pytest.param(HOUR, Trouble(9, 4570.0), Due(Step.RENEW, 4580.0), id="but sooner when the end is near"),
        pytest.param(
            HOUR, Trouble(9, 4599.5), Due(Step.LOG_IN, 4659.5), id="and where it comes first, a login follows in turn"
        ),
        pytest.param(None, Trouble(1, 50.0), Due(Step.LOG_IN, 51.0), id="a failed login is tried after 1 s"),
        pytest.param(None, Trouble(4, 50.0), Due(Step.LOG_IN, 58.0), id="then after twice as long each time"),
        pytest.param(None, Trouble(5000, 50.0), Due(Step.LOG_IN, 110.0), id="then every minute, however often"),
    ],
)
def test_the_next_step(lease: Lease | None, trouble: Trouble, due: Due) -> None:
    assert next_step(lease, trouble) == due


@pytest.mark.parametrize(
    ("granted", "renewable"),
    [
        pytest.param(3600.0, True, id="the same again may be renewed again"),
        pytest.param(7200.0, True, id="more may be renewed again"),
        pytest.param(2400.0, False, id="less has the maximum in sight"),
    ],
)
def test_a_renewal_that_grants(granted: float, renewable: bool) -> None:  # noqa: FBT001  # a column of the table
    renewed = HOUR.renewed(begun=3400.0, lasts=granted, renewable=True)

    assert renewed == replace(HOUR, begun=3400.0, lasts=granted, renewable=renewable)


LEASES = st.builds(
    Lease,
    begun=st.floats(0, 1e6),
    lasts=st.floats(1, 3e6),
    renewable=st.booleans(),
    replaceable=st.booleans(),
)
TROUBLES = st.builds(Trouble, failures=st.integers(0, 100), failed_at=st.floats(0, 3e6))


@given(LEASES, TROUBLES)
def test_no_step_waits_longer_than_a_minute_after_the_end_or_the_last_failure(lease: Lease, trouble: Trouble) -> None:
    assert next_step(lease, trouble).at <= max(lease.ends, trouble.failed_at + 60.0)


@given(LEASES, TROUBLES)
def test_no_step_follows_a_failure_within_a_second(lease: Lease, trouble: Trouble) -> None:
    if trouble.failures:
        assert next_step(lease, trouble).at >= trouble.failed_at + 1.0 - 1e-6


@given(LEASES)
def test_a_token_that_can_be_kept_alive_is_seen_to_before_it_ends(lease: Lease) -> None:
    if lease.renewable or lease.replaceable:
        assert next_step(lease, FRESH).at < lease.ends
