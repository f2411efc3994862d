"""What a job pays for a token: from the reader's memory, and with one read of Vault beside hvac's own read."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from statistics import median

import hvac

from tests.benchmarks.figure import Figure
from tests.benchmarks.filling import fill, names
from tests.support.clocks.wall_clock import WallClock
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.reader import TokenReader
from zoho_tokend.vault.layout import Layout

Get = Callable[[ConnectionName], object]

_LAYOUT = Layout(prefix="reader-speed")
_MOST_SECONDS_AT_HAND = 5e-6
_LARGEST_RATIO = 1.10


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSpeed:
    """Seconds a call."""

    at_hand_seconds: float
    ours_seconds: float
    hvac_seconds: float

    @property
    def ratio(self) -> float:
        """How many times as long a reader takes as hvac alone, where either reads from Vault."""
        return self.ours_seconds / self.hvac_seconds

    def figures(self) -> list[Figure]:
        milliseconds = f"{self.ours_seconds * 1e3:.2f} ms against {self.hvac_seconds * 1e3:.2f} ms"
        return [
            Figure(
                what="`TokenReader.get` of a token at hand",
                measured=f"{self.at_hand_seconds * 1e6:.2f} µs",
                target=f"under {_MOST_SECONDS_AT_HAND * 1e6:g} µs",
                holds=self.at_hand_seconds < _MOST_SECONDS_AT_HAND,
            ),
            Figure(
                what="`TokenReader.get` with a read of Vault, over hvac's own read",
                measured=f"{self.ratio:.2f} ({milliseconds})",
                target=f"at most {_LARGEST_RATIO:.2f}",
                holds=self.ratio <= _LARGEST_RATIO,
            ),
        ]


async def measure(vault: OpenBao, *, reads: int, rounds: int) -> ReaderSpeed:
    """The medians of some rounds, in which the reader and hvac take turns; each round reads so many connections."""
    connections = names(reads)
    await fill(vault, _LAYOUT, connections, accounts_server="https://accounts.zoho.eu", tokens_from=WallClock().now())
    client = hvac.Client(vault.address, token=vault.root_token.reveal())
    with closing(client.adapter):

        def by_hvac(name: ConnectionName) -> None:
            place = _LAYOUT.token(name)
            client.secrets.kv.v2.read_secret_version(place.path, mount_point=place.mount, raise_on_deleted_version=True)

        def ours() -> Get:
            """A reader that knows nothing yet."""
            return TokenReader(client, mount=_LAYOUT.mount, prefix=_LAYOUT.prefix).get

        costs = [(_cost(ours(), connections), _cost(by_hvac, connections)) for _ in range(rounds)]
        knowing = ours()
        knowing(connections[0])
        at_hand = [_cost(knowing, [connections[0]] * 100 * reads) for _ in range(rounds)]
    ours_seconds, hvac_seconds = (median(side) for side in zip(*costs, strict=True))
    return ReaderSpeed(at_hand_seconds=median(at_hand), ours_seconds=ours_seconds, hvac_seconds=hvac_seconds)


def _cost(get: Get, connections: Sequence[ConnectionName]) -> float:
    begun = time.perf_counter()
    for name in connections:
        get(name)
    return (time.perf_counter() - begun) / len(connections)
