from datetime import datetime, timedelta

import pytest

from tests.support.samples.builders import MINUTE, NOON, SECOND
from tests.support.samples.reader_samples import a_token
from zoho_tokend.reader.memory import skew
from zoho_tokend.reader.wording import clock_remark

NONE = timedelta()


@pytest.mark.parametrize(
    ("vault", "issued_at", "expected"),
    [
        pytest.param(None, NOON, NONE, id="nothing to compare with"),
        pytest.param(NOON + 59 * SECOND, NOON, NONE, id="within a minute the clocks agree"),
        pytest.param(NOON + 5 * MINUTE, NOON, 5 * MINUTE, id="Vault's clock is ahead"),
        pytest.param(NOON - 5 * MINUTE, NOON - 9 * MINUTE, -5 * MINUTE, id="Vault's clock is behind"),
        pytest.param(None, NOON + 3 * MINUTE, 3 * MINUTE, id="a token from the future tells the same"),
        pytest.param(NOON, NOON + 3 * MINUTE, 3 * MINUTE, id="even where Vault's clock agrees with ours"),
        pytest.param(NOON, NOON + 30 * SECOND, NONE, id="a token from the near future may be anything"),
    ],
)
def test_how_far_two_clocks_are_apart(vault: datetime | None, issued_at: datetime, expected: timedelta) -> None:
    assert skew(NOON, vault=vault, token=a_token(issued_at=issued_at)) == expected


@pytest.mark.parametrize(
    ("found", "remark"),
    [
        (90 * SECOND, "this machine's clock is 90 s behind Vault's"),
        (-5 * MINUTE, "this machine's clock is 5 min ahead of Vault's"),
        (180 * MINUTE, "this machine's clock is 3 h behind Vault's"),
    ],
)
def test_a_skew_in_words(found: timedelta, remark: str) -> None:
    assert clock_remark(found) == remark
