"""Iteration over many items that lets the event loop run."""

import asyncio

from zoho_tokend.concurrency import cooperatively


async def test_each_item_is_yielded_once_and_in_order() -> None:
    assert [number async for number in cooperatively(range(2500))] == list(range(2500))


async def test_other_tasks_run_after_every_thousand_items() -> None:
    done, turns = 0, list[int]()

    async def work() -> None:
        nonlocal done
        async for number in cooperatively(range(1, 3001)):
            done = number

    async def others() -> None:
        while done < 3000:
            turns.append(done)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        group.create_task(others())

    assert turns == [1000, 2000]
