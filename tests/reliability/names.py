"""A name server that finds every name on loopback."""

import socket
import struct
import threading
from typing import Final

_ANSWER: Final = 0x8180  # an answer, to a question that wanted recursion and got it
_A: Final = 1
_THE_END: Final = b""
_LOOPBACK: Final = socket.inet_aton("127.0.0.1")


class NameServer:
    """At port 53, where resolvers look, which takes a network of one's own. https://www.rfc-editor.org/rfc/rfc1035"""

    address: Final = "udp://127.0.0.1:53"

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._socket.sendto(_THE_END, self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while (received := self._socket.recvfrom(512))[0] != _THE_END:
            question, asker = received
            self._socket.sendto(_answer(question), asker)


def _answer(question: bytes) -> bytes:
    """The address of loopback for a question of type A; nothing, and no error, for any other."""
    name_ends = question.index(0, 12) + 1
    (kind,) = struct.unpack(">H", question[name_ends : name_ends + 2])
    records = struct.pack(">HHHIH", 0xC00C, _A, 1, 0, 4) + _LOOPBACK if kind == _A else b""
    header = question[:2] + struct.pack(">HHHHH", _ANSWER, 1, 1 if records else 0, 0, 0)
    return header + question[12 : name_ends + 4] + records
