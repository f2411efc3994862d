"""Both readers behind one synchronous face, so that each rule is tested on either."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any, Protocol

from tests.support.samples.builders import CRM
from zoho_tokend.reader import AsyncTokenReader, Token, TokenReader


class Reading(Protocol):
    """A reader as these tests use it."""

    def get(self, connection: str = CRM, min_life: timedelta = ..., *, timeout: timedelta = ...) -> Token: ...

    def newer(self, dead: Token, *, report: bool = ...) -> Token | None: ...

    def report_dead(self, connection: str, token: Token) -> None: ...

    def report_at_once(self, count: int, token: Token) -> None:
        """So many callers report it at the same time."""

    def base_url(self, connection: str) -> str: ...

    def get_at_once(self, count: int, **wish: Any) -> Sequence[Token]:
        """What so many callers are given who ask at the same time."""

    def close(self) -> None: ...


class InThreads(TokenReader):
    """The reader for threads."""

    def get(self, connection: str = CRM, *args: Any, **wish: Any) -> Token:
        return super().get(connection, *args, **wish)

    def get_at_once(self, count: int, **wish: Any) -> Sequence[Token]:
        start = Barrier(count)

        def ask(_: int) -> Token:
            start.wait()
            return self.get(**wish)

        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(ask, range(count)))

    def report_at_once(self, count: int, token: Token) -> None:
        with ThreadPoolExecutor(count) as threads:
            list(threads.map(lambda _: self.report_dead(CRM, token), range(count)))


class InTasks:
    """The reader for asyncio, in a loop of its own."""

    def __init__(self, *args: Any, **how: Any) -> None:
        self._runner = asyncio.Runner()
        self._reader = AsyncTokenReader(*args, **how)

    def get(self, connection: str = CRM, *args: Any, **wish: Any) -> Token:
        return self._runner.run(self._reader.get(connection, *args, **wish))

    def newer(self, dead: Token, *, report: bool = False) -> Token | None:
        return self._runner.run(self._reader.newer(dead, report=report))

    def report_dead(self, connection: str, token: Token) -> None:
        self._runner.run(self._reader.report_dead(connection, token))

    def report_at_once(self, count: int, token: Token) -> None:
        async def report_all() -> None:
            await asyncio.gather(*(self._reader.report_dead(CRM, token) for _ in range(count)))

        self._runner.run(report_all())

    def base_url(self, connection: str) -> str:
        return self._runner.run(self._reader.base_url(connection))

    def get_at_once(self, count: int, **wish: Any) -> Sequence[Token]:
        async def ask_all() -> Sequence[Token]:
            return await asyncio.gather(*(self._reader.get(CRM, **wish) for _ in range(count)))

        return self._runner.run(ask_all())

    def close(self) -> None:
        self._runner.run(self._reader.aclose())
        self._runner.close()


READERS = (InThreads, InTasks)
