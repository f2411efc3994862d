"""How long a probe waits for its answer: the daemon answers in its one event loop, so no longer was that blocked."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

_APART = 0.02


@dataclass(slots=True)
class Patience:
    """The longest wait so far, in seconds, and how many there were."""

    longest: float = 0.0
    probes: int = 0


@contextmanager
def patient_probe(address: str) -> Iterator[Patience]:
    """``/livez`` is asked fifty times a second, until the block ends."""
    patience, ended = Patience(), threading.Event()
    prober = threading.Thread(target=_probe, args=(address, patience, ended))
    prober.start()
    try:
        yield patience
    finally:
        ended.set()
        prober.join()


def _probe(address: str, patience: Patience, ended: threading.Event) -> None:
    connection = HTTPConnection(urlsplit(address).netloc)
    while not ended.wait(_APART):
        asked = time.perf_counter()
        connection.request("GET", "/livez")
        connection.getresponse().read()
        patience.longest = max(patience.longest, time.perf_counter() - asked)
        patience.probes += 1
    connection.close()
