"""How long a probe waits while Prometheus scrapes: the daemon answers in its one event loop, blocked for no longer."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlsplit

_APART = 0.02
_SCRAPES_APART = 15.0


@dataclass(slots=True)
class Patience:
    """The longest wait so far, in seconds, and how many there were."""

    longest: float = 0.0
    probes: int = 0


@contextmanager
def patient_probe(address: str) -> Iterator[Patience]:
    """``/livez`` is asked fifty times a second, and ``/metrics`` every 15 seconds, until the block ends."""
    patience, ended = Patience(), threading.Event()
    with ThreadPoolExecutor() as pool:
        work = [pool.submit(_probe, address, patience, ended), pool.submit(_scrape, address, ended)]
        try:
            yield patience
        finally:
            ended.set()
    for each in work:
        each.result()


def _probe(address: str, patience: Patience, ended: threading.Event) -> None:
    with closing(HTTPConnection(urlsplit(address).netloc)) as connection:
        while not ended.wait(_APART):
            asked = time.perf_counter()
            _get(connection, "/livez")
            patience.longest = max(patience.longest, time.perf_counter() - asked)
            patience.probes += 1


def _scrape(address: str, ended: threading.Event) -> None:
    while not ended.is_set():
        # The daemon keeps no idle connection for as long as the next scrape is away.
        with closing(HTTPConnection(urlsplit(address).netloc)) as connection:
            _get(connection, "/metrics")
        ended.wait(_SCRAPES_APART)


def _get(connection: HTTPConnection, path: str) -> None:
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == HTTPStatus.OK, f"{path} was answered with {answer.status}"
    answer.read()
