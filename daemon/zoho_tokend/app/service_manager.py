"""What systemd is told: ready, reloading, stopping, alive; and one sentence on how it goes.

It is one more reader of the events. The protocol is sd_notify's: lines in a datagram to the socket in NOTIFY_SOCKET
(https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html).
"""

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from zoho_tokend.core import events
from zoho_tokend.core.events import Event
from zoho_tokend.core.health import Check

Notify = Callable[[str], None]

# While it starts, each heartbeat asks for so much more time, for a Vault that is sealed is waited for.
_STARTING_MICROSECONDS: Final = 30_000_000


def nobody(_message: str) -> None:
    """There is no service manager."""


def notify_socket(environ: Mapping[str, str]) -> Notify:
    """Sends messages to the socket that the environment names: a path, or an abstract one with ``@`` in front.

    A message that cannot be sent is dropped, as the protocol advises: a service that its manager does not hear is the
    manager's to judge, and the tokens are kept fresh all the same.
    """
    name = environ.get("NOTIFY_SOCKET", "")
    if not name.startswith(("/", "@")):
        return nobody
    address = "\0" + name[1:] if name.startswith("@") else name

    def send(message: str) -> None:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(message.encode(), address)

    return send


class ServiceManager:
    """A sink that tells the service manager what it must know.

    Args:
        live: the checks of the liveness probe; while one fails, the watchdog is not fed.
        monotonic: seconds on the system's monotonic clock, which the protocol wants when a reload begins.
    """

    def __init__(self, notify: Notify, *, live: Callable[[], Sequence[Check]], monotonic: Callable[[], float]) -> None:
        self._notify = notify
        self._live = live
        self._monotonic = monotonic
        self._ready = False

    def __call__(self, event: Event) -> None:
        match event:
            case events.DiscoveryEnded(error=None, connections=connections):
                ready = [] if self._ready else ["READY=1"]
                self._ready = True
                self._tell(*ready, _status(f"Connections kept fresh: {connections}."))
            case events.DiscoveryEnded(error=str(error)) | events.VaultLoggedIn(error=str(error)):
                self._tell(_status(error))
            case events.Beat():
                self._beat()
            case events.Reloading() if self._ready:
                self._tell("RELOADING=1", f"MONOTONIC_USEC={self._monotonic() * 1_000_000:.0f}")
            case events.Reloaded() if self._ready:
                self._tell("READY=1")
            case events.Stopping():
                self._tell("STOPPING=1", _status("Ending what is under way."))
            case _:
                pass

    def _beat(self) -> None:
        if failed := [check.reason for check in self._live() if not check.ok]:
            self._tell(_status(f"Not alive: {', '.join(failed)}."))
        elif self._ready:
            self._tell("WATCHDOG=1")
        else:
            self._tell(f"EXTEND_TIMEOUT_USEC={_STARTING_MICROSECONDS}")

    def _tell(self, *lines: str) -> None:
        self._notify("\n".join(lines))


def _status(sentence: str) -> str:
    return "STATUS=" + " ".join(sentence.split())
