"""A door that a crowd cannot block: a connection that asks nothing gives way, so that a probe is always answered.

uvicorn waits for ever for a connection's first request, and beyond its limit it answers 503 to everybody, which would
make the kubelet restart a healthy daemon; and idle connections could use up the file descriptors that a refresh needs.
Only what takes long to make has a limit of its own, beyond which it is refused.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

MOST_CONNECTIONS: Final = 256
# So many of each page are made of ten thousand connections within a few seconds, before a scrape would be given up.
MOST_AT_ONCE: Final = 16

Endpoint = Callable[[Request], Awaitable[Response]]


def bounded(endpoint: Endpoint) -> Endpoint:
    """The endpoint, for so many at once; who comes then is answered 503, and when to come again."""
    under_way = 0

    async def answer(request: Request) -> Response:
        nonlocal under_way
        if under_way >= MOST_AT_ONCE:
            sentence = f"Busy: {MOST_AT_ONCE} others are waiting for this page. Ask again in a second."
            raise HTTPException(503, sentence, headers={"Retry-After": "1"})
        under_way += 1
        try:
            return await endpoint(request)
        finally:
            under_way -= 1

    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one connection may keep us waiting, in seconds.

    Attributes:
        head: for the end of a request's head, counted from the connection's begin or from the head's first byte.
        pause: between two requests.
        answer: for an answer to be made and fetched.
    """

    head: float = 10.0
    pause: int = 5
    answer: float = 30.0


PATIENCE: Final = Patience()


class PatientProtocol(H11Protocol):
    """One connection, broken off when our patience ends, or when it is the longest silent of too many.

    Nobody is refused: who comes when all the others ask takes the place of the one that has asked longest.

    Attributes:
        heard_at: when it last sent something, by the loop's time.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        patience: Patience,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._patience = patience
        self._end: asyncio.TimerHandle | None = None
        self.heard_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn itself
        super().connection_made(transport)
        self.heard_at = self.loop.time()
        self._break_off_after(self._patience.head)
        if len(self.connections) > MOST_CONNECTIONS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        self.heard_at = self.loop.time()
        was_asking = self.is_asking
        super().data_received(data)
        if self.is_asking and not was_asking:
            self._break_off_after(self._patience.answer)
        elif self._end is None:
            self._break_off_after(self._patience.head)

    def on_response_complete(self) -> None:
        self._forbear()
        super().on_response_complete()
        if self.is_asking:  # the next request had come with the one before
            self._break_off_after(self._patience.answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forbear()
        super().connection_lost(exc)

    @property
    def is_asking(self) -> bool:
        """Whether a request is under way."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _make_room(self) -> None:
        """Those that ask stay rather than those that are silent, and the latest rather than the first."""
        here = [each for each in self.connections if not each.transport.is_closing()]
        if len(here) > MOST_CONNECTIONS:
            crowd = [each for each in here if isinstance(each, PatientProtocol)]
            min(crowd, key=lambda each: (each.is_asking, each.heard_at)).transport.abort()

    def _break_off_after(self, seconds: float) -> None:
        self._forbear()
        self._end = self.loop.call_later(seconds, self.transport.abort)

    def _forbear(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None
