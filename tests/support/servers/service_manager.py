"""A service manager's end of the socket, as systemd has it: what it was told, message by message."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 120.0


@dataclass(frozen=True)
class Listener:
    """Hears what a service says.

    Attributes:
        name: what NOTIFY_SOCKET is to be.
    """

    name: str
    receiver: socket.socket

    def say(self) -> list[str]:
        """The lines of the next message."""
        return self.receiver.recv(4096).decode().splitlines()

    def hear_until(self, line: str) -> list[str]:
        """Every line up to and with the first message that has this one; one that does not come is a time-out."""
        heard: list[str] = []
        while line not in heard:
            heard += self.say()
        return heard


@contextmanager
def listening(name: str) -> Iterator[Listener]:
    """A socket at this path, or of this abstract name where it begins with ``@``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + name[1:] if name.startswith("@") else name)
        receiver.settimeout(PATIENCE)
        yield Listener(name, receiver)
    if not name.startswith("@"):
        Path(name).unlink()
