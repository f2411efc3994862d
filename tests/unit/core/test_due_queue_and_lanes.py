"""Who is next, and who goes when more are due than may go at once."""

from hypothesis import given
from hypothesis import strategies as st

from tests.samples.builders import CRM, MINUTE, NOON, SALES, SECOND
from zoho_tokend.core.due_queue import DueQueue
from zoho_tokend.core.lanes import Lanes
from zoho_tokend.core.model import ConnectionName


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


def lanes(places: int, *, healthy: int = 0, failing: int = 0) -> Lanes:
    line = Lanes(places)
    for number in range(failing):
        line.join(ConnectionName(f"failing-{number}"), expires_at=NOON, failing=True)
    for number in range(healthy):
        line.join(ConnectionName(f"healthy-{number}"), expires_at=NOON + number * SECOND, failing=False)
    return line


def take_all(line: Lanes) -> list[str]:
    return list(iter(line.take, None))


def test_no_more_go_at_once_than_there_are_places() -> None:
    assert len(take_all(lanes(4, healthy=9))) == 4


def test_the_soonest_expiry_goes_first() -> None:
    line = lanes(1, healthy=3)
    line.join(CRM, expires_at=NOON - SECOND, failing=False)
    assert line.take() == CRM


def test_a_healthy_connection_goes_before_a_failing_one_however_soon_that_expires() -> None:
    assert take_all(lanes(2, healthy=2, failing=2)) == ["healthy-0", "healthy-1"]


def test_failing_connections_hold_at_most_half_of_the_places() -> None:
    assert len(take_all(lanes(8, failing=20))) == 4


def test_a_healthy_connection_finds_a_place_while_failing_ones_hang() -> None:
    line = lanes(8, failing=20)
    take_all(line)
    line.join(CRM, expires_at=NOON, failing=False)
    assert line.take() == CRM


def test_a_single_place_serves_failing_connections_too() -> None:
    assert len(take_all(lanes(1, failing=1))) == 1


def test_a_connection_that_stands_in_line_twice_goes_once() -> None:
    line = lanes(4)
    line.join(CRM, expires_at=NOON, failing=False)
    line.join(CRM, expires_at=NOON, failing=True)
    assert take_all(line) == [CRM]
