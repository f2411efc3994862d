"""Very many things, one after the other, and never for long at a time."""

import asyncio

from zoho_tokend.concurrency import unhurried


async def test_each_comes_once_and_in_order() -> None:
    assert [number async for number in unhurried(range(2500))] == list(range(2500))


async def test_whatever_else_is_ready_has_its_turn_after_every_thousand() -> None:
    done, turns = 0, list[int]()

    async def work() -> None:
        nonlocal done
        async for number in unhurried(range(1, 3001)):
            done = number

    async def others() -> None:
        while done < 3000:
            turns.append(done)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        group.create_task(others())

    assert turns == [1000, 2000]
