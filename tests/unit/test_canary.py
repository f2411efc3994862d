import base64

import pytest

from tests.canary import assert_no_canary

CANARY = "CANARY-refresh/1000.abc"


@pytest.mark.parametrize(
    "output",
    [
        pytest.param(f"log line {CANARY}", id="as it is"),
        pytest.param(f"log line {CANARY}".encode(), id="in bytes"),
        pytest.param("?token=CANARY-refresh%2F1000.abc", id="quoted for a URL"),
        *(
            pytest.param(base64.b64encode(b"x" * before + CANARY.encode() + b":end").decode(), id=f"base64, {before}")
            for before in range(4)
        ),
    ],
)
def test_a_canary_is_found_in_every_disguise(output: str | bytes) -> None:
    with pytest.raises(AssertionError, match="got out"):
        assert_no_canary([CANARY], "nothing here", output)


def test_an_output_without_a_canary_passes() -> None:
    assert_no_canary([CANARY], "CANARY-refresh", b"")


def test_a_search_for_nothing_is_refused() -> None:
    with pytest.raises(AssertionError, match="proves nothing"):
        assert_no_canary([], "text")
