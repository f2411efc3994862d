"""A bounded number of calls at a time."""

import asyncio

import pytest

from zoho_tokend.concurrency import map_concurrently
from zoho_tokend.core.errors import VaultUnavailable


@pytest.mark.looptime
async def test_results_keep_the_order_and_concurrency_is_bounded() -> None:
    under_way, most = 0, 0

    async def slow_for_small_numbers(number: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(10 - number)
        under_way -= 1
        return number * number

    assert await map_concurrently(slow_for_small_numbers, range(10), at_once=3) == [n * n for n in range(10)]
    assert most == 3


@pytest.mark.looptime
async def test_an_error_is_raised_and_no_further_call_is_started() -> None:
    begun = []

    async def away_at_two(number: int) -> None:
        begun.append(number)
        await asyncio.sleep(1)
        if number == 2:
            raise VaultUnavailable("Vault is sealed")

    with pytest.raises(VaultUnavailable, match="Vault is sealed"):
        await map_concurrently(away_at_two, range(100), at_once=2)
    assert len(begun) <= 4


async def test_an_item_that_crashes_does_not_stop_the_others() -> None:
    async def crash_at_two(number: int) -> str:
        return f"{1 / (number - 2):.1f}"

    def crashed(number: int, error: Exception) -> str:
        return f"{number}: {type(error).__name__}"

    found = await map_concurrently(crash_at_two, range(4), at_once=2, crashed=crashed)
    assert found == ["-0.5", "-1.0", "2: ZeroDivisionError", "1.0"]
