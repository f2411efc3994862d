"""Every query of the dashboard is asked of the real Prometheus, and shows something of the daemon that is watched."""

from math import isnan

import pytest

from tests.support.documents.dashboard import Asked, queries
from tests.support.places.watched_site import Watched


@pytest.mark.parametrize("query", queries(), ids=str)
def test_a_query_returns_data(watched: Watched, query: Asked) -> None:
    def numbers() -> list[float]:
        return [sample.value for sample in watched.prometheus.ask(query.expr) if not isnan(sample.value)]

    assert watched.prometheus.until(numbers, f"{query} returns numbers")
