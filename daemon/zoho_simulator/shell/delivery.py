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
from zoho_simulator.rules.messages import Answer, Delivery, End
from zoho_simulator.shell.server import hang_up

_AT_ONCE: Final = Delivery()


@dataclass(frozen=True, slots=True)
class AnswerResponse:
    """An ASGI response; its silences end early when the connection does, by the client or by the server's stop."""

    answer: Answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.answer.delivery == _AT_ONCE:
            await self._send(send, _never)
            return
        async with _watching(receive) as gone:
            wait, end = self.answer.delivery.wait, self.answer.delivery.end
            lost = await gone.within(wait) or end is End.DROPPED or not await self._send(send, gone.within)
            if lost:
                hang_up(scope)
                await gone.task

    async def _send(self, send: Send, interrupted: "_Interrupted") -> bool:
        """Whether all was sent that the headers promise."""
        body = self.answer.body
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
class _Gone:
    """The end of the connection."""

    task: asyncio.Task[None]

    async def within(self, span: timedelta, /) -> bool:
        """Whether it comes within this span; waits no longer than needed."""
        if not span:
            return False
        done, _ = await asyncio.wait((self.task,), timeout=span.total_seconds())
        return bool(done)


@contextlib.asynccontextmanager
async def _watching(receive: Receive) -> AsyncIterator[_Gone]:
    async with asyncio.TaskGroup() as watchers:
        gone = _Gone(watchers.create_task(_disconnected(receive)))
        try:
            yield gone
        finally:
            gone.task.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
