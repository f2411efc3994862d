import pytest

from tests.scraped_history import History


@pytest.fixture
def history() -> History:
    """Nothing has been scraped yet."""
    return History()
