from datetime import timedelta

import pytest

from zoho_tokend.core.instants import relative, span


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=25), "25 min"),
        (timedelta(minutes=24, seconds=59.7), "25 min"),
        (timedelta(minutes=1, seconds=5), "1 min 5 s"),
        (timedelta(hours=6), "6 h"),
        (timedelta(hours=23, minutes=59, seconds=59), "23 h 59 min"),
        (timedelta(days=3, hours=4, minutes=50), "3 d 4 h"),
    ],
    ids=str,
)
def test_a_duration_is_told_in_two_units_at_most(duration: timedelta, words: str) -> None:
    assert span(duration) == words


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(minutes=2), "in 2 min"),
        (timedelta(seconds=-90), "1 min 30 s ago"),
        (timedelta(milliseconds=-400), "now"),
    ],
    ids=str,
)
def test_a_moment_lies_ahead_or_behind(distance: timedelta, words: str) -> None:
    assert relative(distance) == words
