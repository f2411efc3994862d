"""Who is next, and who goes when more are due than may go at once."""

from collections.abc import Iterator
from functools import partial
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.samples.builders import CRM, MINUTE, NOON, SALES, SECOND
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.queue import Bulkheads, DueQueue


def test_the_soonest_comes_first_and_those_not_due_do_not_come() -> None:
    queue = DueQueue()
    queue.put(CRM, NOON + MINUTE)
    queue.put(SALES, NOON)
    queue.put(ConnectionName("later"), NOON + 2 * MINUTE)
    assert list(queue.pop_due(NOON + MINUTE)) == [SALES, CRM]


def test_a_name_that_is_put_again_comes_at_its_new_time_only() -> None:
    queue = DueQueue()
    queue.put(CRM, NOON)
    queue.put(CRM, NOON + MINUTE)
    assert list(queue.pop_due(NOON)) == []
    assert list(queue.pop_due(NOON + MINUTE)) == [CRM]
    assert len(queue) == 0


def test_a_discarded_name_does_not_come() -> None:
    queue = DueQueue()
    queue.put(CRM, NOON)
    queue.discard(CRM)
    assert list(queue.pop_due(NOON + MINUTE)) == []


def test_a_name_that_is_put_off_again_and_again_does_not_grow_the_queue() -> None:
    queue = DueQueue()
    for second in range(10_000):
        queue.put(CRM, NOON + second * SECOND)
    assert len(queue._heap) < 200


@given(times=st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 50)), steps=st.lists(st.integers(0, 20)))
def test_every_name_comes_exactly_once_and_not_early(times: dict[str, int], steps: list[int]) -> None:
    queue = DueQueue()
    for name, second in times.items():
        queue.put(ConnectionName(name), NOON + second * SECOND)
    now, came = 0, list[str]()
    for step in [*steps, 51]:
        now += step
        for name in queue.pop_due(NOON + now * SECOND):
            assert times[name] <= now
            came.append(name)
    assert sorted(came) == sorted(times)


WELL, HANGS, UNPROVEN = "https://accounts.zoho.com", "https://accounts.zoho.eu", "https://accounts.zoho.in"


def bulkheads(places: int, **waiting: int) -> Bulkheads:
    """So many wait at each: ``healthy`` and ``failing`` at a server that is well, ``hanging``, ``unproven``."""
    queue = Bulkheads(places)
    queue.answered(WELL)
    queue.unavailable(HANGS)
    servers = {"healthy": WELL, "failing": WELL, "hanging": HANGS, "unproven": UNPROVEN}
    for kind, number in waiting.items():
        for each in range(number):
            name, expires_at = ConnectionName(f"{kind}-{each}"), NOON + each * SECOND
            queue.enqueue(name, server=servers[kind], expires_at=expires_at, failing=kind == "failing")
    return queue


def all_ready(queue: Bulkheads) -> list[str]:
    """Everybody who gets a place, with time enough between two tries of a server that answers nobody."""
    return list(iter(partial(next_ready, queue, count()), None))


def next_ready(queue: Bulkheads, seconds: Iterator[int]) -> str | None:
    return queue.next_ready(NOON + next(seconds) * SECOND)


def test_no_more_go_at_once_than_there_are_places() -> None:
    assert len(all_ready(bulkheads(4, healthy=9))) == 4


def test_the_soonest_expiry_goes_first() -> None:
    queue = bulkheads(1, healthy=3)
    queue.enqueue(CRM, server=WELL, expires_at=NOON - SECOND, failing=False)
    assert queue.next_ready(NOON) == CRM


def test_a_healthy_connection_goes_before_a_failing_one_however_soon_that_expires() -> None:
    assert all_ready(bulkheads(2, healthy=2, failing=2)) == ["healthy-0", "healthy-1"]


def test_failing_connections_hold_at_most_half_of_the_places() -> None:
    assert len(all_ready(bulkheads(8, failing=20))) == 4


def test_a_server_that_has_not_answered_yet_holds_at_most_half_of_the_places() -> None:
    assert len(all_ready(bulkheads(16, unproven=2000))) <= 8


def test_servers_that_hang_hold_at_most_a_few_of_the_places() -> None:
    assert len(all_ready(bulkheads(16, hanging=2000))) == 2


@given(hanging=st.integers(0, 40), unproven=st.integers(0, 40), failing=st.integers(0, 40))
def test_a_connection_of_a_server_that_is_well_finds_a_place_whatever_else_hangs(
    hanging: int, unproven: int, failing: int
) -> None:
    queue = bulkheads(16, hanging=hanging, unproven=unproven, failing=min(failing, 3))
    all_ready(queue)
    queue.enqueue(CRM, server=WELL, expires_at=NOON + 9000 * SECOND, failing=False)
    assert queue.next_ready(NOON + 900 * SECOND) == CRM


def test_a_bulkhead_is_judged_when_a_place_is_given_out_and_not_when_a_name_is_queued() -> None:
    queue = bulkheads(16, unproven=100)
    queue.unavailable(UNPROVEN)
    assert len(all_ready(queue)) == 2


def test_one_answer_opens_the_bulkhead_of_a_server_that_hung() -> None:
    queue = bulkheads(16, hanging=100)
    all_ready(queue)
    queue.answered(HANGS)
    assert len(all_ready(queue)) == 14


def test_of_two_servers_that_are_well_the_one_with_fewer_places_in_use_comes_first() -> None:
    queue = bulkheads(16, healthy=100)
    queue.answered(UNPROVEN)
    for _ in range(10):
        queue.next_ready(NOON)
    queue.enqueue(CRM, server=UNPROVEN, expires_at=NOON + 9000 * SECOND, failing=False)
    assert queue.next_ready(NOON) == CRM


def test_a_server_that_answers_nobody_is_not_asked_without_a_rest() -> None:
    queue = bulkheads(16, hanging=9)
    assert queue.next_ready(NOON) is not None
    assert queue.next_ready(NOON) is None


def test_what_needs_vault_alone_waits_for_no_server() -> None:
    queue = bulkheads(16, hanging=100, unproven=100)
    all_ready(queue)
    queue.enqueue(CRM, server=None, expires_at=NOON, failing=True)
    assert queue.next_ready(NOON) == CRM


def test_a_single_place_serves_everybody() -> None:
    for kind in ("healthy", "failing", "hanging", "unproven"):
        assert len(all_ready(bulkheads(1, **{kind: 1}))) == 1


def test_a_connection_that_is_queued_twice_goes_once() -> None:
    queue = bulkheads(4)
    queue.enqueue(CRM, server=WELL, expires_at=NOON, failing=False)
    queue.enqueue(CRM, server=WELL, expires_at=NOON, failing=True)
    assert all_ready(queue) == [CRM]


def test_a_connection_that_was_taken_out_and_queued_again_is_served() -> None:
    queue = bulkheads(4)
    queue.enqueue(CRM, server=WELL, expires_at=NOON, failing=False)
    queue.discard(CRM)
    assert all_ready(queue) == []
    queue.enqueue(CRM, server=WELL, expires_at=NOON, failing=False)
    assert all_ready(queue) == [CRM]


def test_after_the_close_nobody_gets_a_place() -> None:
    queue = bulkheads(4, healthy=3)
    queue.close()
    assert all_ready(queue) == []


@pytest.mark.parametrize("hanging", [10, 100, 1_000, 10_000])
def test_one_at_another_server_has_a_place_at_once_whoever_hangs(hanging: int) -> None:
    bulkheads = Bulkheads(places=16)
    for number in range(hanging):
        name = ConnectionName(f"hangs-{number}")
        server = f"https://accounts.zoho.{('eu', 'in')[number % 2]}"
        bulkheads.enqueue(name, server=server, expires_at=NOON, failing=number % 3 == 0)
    for second in range(60):  # none of them ever ends
        while bulkheads.next_ready(NOON + second * SECOND) is not None:
            pass
    assert len(bulkheads.going) <= 8
    bulkheads.enqueue(CRM, server="https://accounts.zoho.com", expires_at=NOON + 30 * MINUTE, failing=False)
    bulkheads.answered("https://accounts.zoho.com")
    assert bulkheads.next_ready(NOON + MINUTE) == CRM
