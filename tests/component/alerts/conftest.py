import pytest

from tests.support.stand_ins.scraped_history import History


@pytest.fixture
def history() -> History:
    """Nothing has been scraped yet."""
    return History()
