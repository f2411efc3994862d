"""Sends an answer as it is to travel: at once, late, byte by byte, half, or not at all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from typing import Final, Protocol

from starlette.types import Receive, Scope, Send

from zoho_simulator.clock import machine_time
from zoho_simulator.law.messages import Answer, Delivery, End
from zoho_simulator.shell.server import hang_up

_AT_ONCE: Final = Delivery()


@dataclass(frozen=True, slots=True)
class AnswerResponse:
    """An ASGI response; its silences end early when the client leaves or the simulator stops."""

    answer: Answer
    stopping: asyncio.Event

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.answer.delivery == _AT_ONCE:
            await self._send(send, _never)
            return
        async with _watching(receive, self.stopping) as departure:
            wait, end = self.answer.delivery.wait, self.answer.delivery.end
            arrived = not await departure.within(wait) and end is not End.DROPPED
            if arrived and await self._send(send, departure.within):
                return
            hang_up(scope)
            await departure.complete()

    async def _send(self, send: Send, interrupted: "_Interrupted") -> bool:
        """Whether all was sent that the headers promise."""
        body = self.answer.text.encode()
        await send({"type": "http.response.start", "status": self.answer.status, "headers": self._headers(body)})
        for piece in self._pieces(body):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if await interrupted(self.answer.delivery.pause):
                return False
        if self.answer.delivery.end is End.CUT:
            return False
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return True

    def _pieces(self, body: bytes) -> Iterator[bytes]:
        sent = body[: len(body) // 2] if self.answer.delivery.end is End.CUT else body
        if not self.answer.delivery.pause:
            yield sent
            return
        for at in range(len(sent)):
            yield sent[at : at + 1]

    def _headers(self, body: bytes) -> list[tuple[bytes, bytes]]:
        headers = {
            "Server": "ZGS",
            "Date": format_datetime(machine_time() + self.answer.clock_skew, usegmt=True),
            "Content-Type": self.answer.content_type,
            "Content-Length": str(len(body)),
            **self.answer.headers,
        }
        return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]


class _Interrupted(Protocol):
    async def __call__(self, span: timedelta, /) -> bool: ...


async def _never(_span: timedelta, /) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class _Departure:
    """The client leaves, or the simulator stops."""

    left: asyncio.Task[None]
    stopped: asyncio.Task[bool]

    async def within(self, span: timedelta, /) -> bool:
        """Whether it comes within this span; waits no longer than needed."""
        if not span:
            return False
        done, _ = await asyncio.wait(
            (self.left, self.stopped), timeout=span.total_seconds(), return_when=asyncio.FIRST_COMPLETED
        )
        return bool(done)

    async def complete(self) -> None:
        """The connection is gone."""
        await self.left


@contextlib.asynccontextmanager
async def _watching(receive: Receive, stopping: asyncio.Event) -> AsyncIterator[_Departure]:
    async with asyncio.TaskGroup() as watchers:
        departure = _Departure(
            left=watchers.create_task(_client_leaves(receive)), stopped=watchers.create_task(stopping.wait())
        )
        try:
            yield departure
        finally:
            departure.left.cancel()
            departure.stopped.cancel()


async def _client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
