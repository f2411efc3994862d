"""Signals become commands: SIGTERM and SIGINT stop the daemon, a second one ends it at once, SIGHUP reloads."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from zoho_tokend.engine.clockwork import Command

_STOPS: Final = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def signals_as_commands(send: Callable[[Command], None]) -> Iterator[None]:
    """Signals of this process are commands until the block ends; needs a running loop in the main thread."""
    loop = asyncio.get_running_loop()
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if stopping:
            # Whoever signals twice does not want to wait, not even for threads that wait for Vault.
            sys.stdout.flush()
            os._exit(1)
        stopping = True
        send(Command.STOP)

    for number in _STOPS:
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, send, Command.RELOAD)
    try:
        yield
    finally:
        for number in (*_STOPS, signal.SIGHUP):
            loop.remove_signal_handler(number)
