"""Which shard a connection belongs to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoho_tokend.core.sharding import WHOLE, Shard, shard_of

NAMES = [f"crm-{number}" for number in range(5000)]


@pytest.mark.parametrize("shards", [1, 2, 4, 5, 16])
def test_every_name_belongs_to_one_shard_and_the_shards_are_about_even(shards: int) -> None:
    owned = [sum(Shard(number, shards).owns(name) for name in NAMES) for number in range(shards)]
    assert sum(owned) == len(NAMES)
    fair = len(NAMES) / shards
    assert all(0.8 * fair < number < 1.2 * fair for number in owned)


@pytest.mark.parametrize("shards", [1, 2, 4, 9])
def test_a_shard_that_is_added_takes_its_share_and_nothing_else_moves(shards: int) -> None:
    moved = [name for name in NAMES if shard_of(name, shards) != shard_of(name, shards + 1)]
    assert {shard_of(name, shards + 1) for name in moved} == {shards}
    assert 0.8 < len(moved) / (len(NAMES) / (shards + 1)) < 1.2


@given(name=st.text(), shards=st.integers(1, 256))
def test_the_answer_is_always_the_same_and_one_of_the_shards(name: str, shards: int) -> None:
    assert 0 <= shard_of(name, shards) < shards
    assert shard_of(name, shards) == shard_of(name, shards)


def test_names_are_shared_out_as_they_were_by_every_version_before() -> None:
    assert [shard_of(name, 5) for name in NAMES[:8]] == [3, 3, 2, 2, 0, 0, 4, 0]


@pytest.mark.parametrize(("ordinal", "number"), [(0, 0), (3, 3), (4, 0), (7, 3), (8, 0)])
def test_replicas_beyond_the_last_shard_begin_again_with_the_first(ordinal: int, number: int) -> None:
    assert Shard.from_ordinal(ordinal, 4) == Shard(number, 4)


def test_one_shard_is_everything() -> None:
    assert all(WHOLE.owns(name) for name in NAMES)
