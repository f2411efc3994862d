"""Ctrl-C while a grant is on its way: it ends every wait, and breaks off nothing that would be lost.

asyncio's own answer to Ctrl-C is to cancel whatever runs, be it the exchange of a code that is good for one use.
"""

import asyncio
import signal
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from zoho_tokend.consent.person import Interrupted

T = TypeVar("T")


class Interruption:
    """Whether the person has pressed Ctrl-C; waits that are made through it end then."""

    def __init__(self) -> None:
        self._pressed = asyncio.Event()

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Ctrl-C is noted and no more until the block ends; needs a running loop in the main thread."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._pressed.set)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    async def unless(self, awaited: Awaitable[T]) -> T:
        """What is awaited.

        Raises:
            Interrupted: the person pressed Ctrl-C first.
        """
        waiting = asyncio.ensure_future(awaited)
        pressed = asyncio.ensure_future(self._pressed.wait())
        try:
            await asyncio.wait({waiting, pressed}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            self._pressed.clear()
            raise Interrupted
        finally:
            waiting.cancel()
            pressed.cancel()


@contextmanager
def ending_a_prompt() -> Iterator[None]:
    """Ctrl-C within the block, which blocks on the keyboard, is an Interrupted."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted from None
    finally:
        signal.signal(signal.SIGINT, before)
