"""Two jobs that read a token all the time: one asks Vault each time, the other through the reader of `zoho_tokend`.

How long what they are given is good for is not reckoned from the record, whose clock may be wrong: Zoho is asked.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import hvac
import requests
from hvac.exceptions import VaultError

from tests.support.places.site import Site
from zoho_tokend.reader import ReaderError, TokenReader

EVERY_SECONDS: Final = 0.5
# As long as hvac waits where nobody says otherwise: a busy machine may keep an answer for seconds.
_TIMEOUT_SECONDS: Final = 30
_NONE: Final = timedelta()

Read = Callable[[], str]
"""The access token that the job is given; raises where it is given none."""


class GivenNone(Exception):
    """The job was given no token."""


@dataclass(kw_only=True)
class Seen:
    """What one job saw.

    Attributes:
        reads: how often it asked.
        failed: how often it was given no token.
        why: the reasons for those, each once.
        lives: how long each token that it was given was good for, at that moment and in Zoho's eyes.
    """

    reads: int = 0
    failed: int = 0
    why: set[str] = field(default_factory=set)
    lives: list[timedelta] = field(default_factory=list)

    @property
    def least_life(self) -> timedelta:
        return min(self.lives, default=_NONE)


@dataclass(kw_only=True)
class Jobs:
    """Both.

    Attributes:
        client: of Vault, logged in as a job, and used by both.
    """

    client: Callable[[], hvac.Client]
    from_vault: Seen = field(default_factory=Seen)
    through_reader: Seen = field(default_factory=Seen)
    clients: tuple[hvac.Client, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.clients = (self.client(), self.client())

    def log_in(self) -> None:
        """Both have a new token of Vault's."""
        for client in self.clients:
            client.token = self.client().token


@contextmanager
def jobs_reading(site: Site, connection: str, *, client: Callable[[], hvac.Client]) -> Iterator[Jobs]:
    """Both read until the block ends, each in a thread of its own."""
    jobs, over = Jobs(client=client), threading.Event()
    plain, kept = jobs.clients[0], TokenReader(jobs.clients[1], mount=site.corner.mount)
    path = f"/v1/{site.corner.mount}/data/zoho/tokens/{connection}"

    def from_vault() -> str:
        try:
            answer = plain.adapter.get(path, timeout=_TIMEOUT_SECONDS)
        except (requests.RequestException, VaultError) as error:
            raise GivenNone(type(error).__name__) from None
        return str(answer["data"]["data"]["access_token"])

    def through_reader() -> str:
        try:
            return str(kept.get(connection, _NONE, timeout=_NONE).access_token)
        except ReaderError as error:
            raise GivenNone(str(error)) from None

    with closing(plain.adapter), kept, ThreadPoolExecutor(2) as threads:
        both = ((from_vault, jobs.from_vault), (through_reader, jobs.through_reader))
        reading = [threads.submit(_read, site, read, seen, over) for read, seen in both]
        try:
            yield jobs
        finally:
            over.set()
        for job in reading:
            job.result()


def _read(site: Site, read: Read, seen: Seen, over: threading.Event) -> None:
    while not over.wait(EVERY_SECONDS):
        seen.reads += 1
        try:
            token = read()
        except GivenNone as reason:
            seen.failed += 1
            seen.why.add(str(reason))
        else:
            seen.lives.append(site.zoho.life_left(token))
