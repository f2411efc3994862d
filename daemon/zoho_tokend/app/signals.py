"""Signals become commands: SIGTERM and SIGINT stop the daemon, a second one ends it at once, SIGHUP reloads."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from zoho_tokend.clockwork import Command

_STOPS: Final = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def signals_as_commands(tell: Callable[[Command], None]) -> Iterator[None]:
    """Signals of this process are commands until the block ends; needs a running loop in the main thread."""
    loop = asyncio.get_running_loop()
    told = False

    def stop() -> None:
        nonlocal told
        if told:
            # Whoever signals twice does not want to wait, not even for threads that wait for Vault.
            sys.stdout.flush()
            os._exit(1)
        told = True
        tell(Command.STOP)

    for number in _STOPS:
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, tell, Command.RELOAD)
    try:
        yield
    finally:
        for number in (*_STOPS, signal.SIGHUP):
            loop.remove_signal_handler(number)
