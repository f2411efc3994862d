"""Shards: which process a connection belongs to, known to each of them without a word to another.

By rendezvous hashing: a name belongs to the shard that draws the highest number for it. A shard that is added takes its
share from each of the others, and no name goes from one old shard to another; so with a shard that goes.
"""

import hashlib
from dataclasses import dataclass
from typing import Final


def shard_of(name: str, shards: int) -> int:
    """The number of the shard that the name belongs to, of so many, from 0."""
    if shards == 1:
        return 0
    seed = hashlib.sha256(name.encode())

    def draw(shard: int) -> bytes:
        drawn = seed.copy()
        drawn.update(b"/%d" % shard)
        return drawn.digest()

    return max(range(shards), key=draw)


@dataclass(frozen=True, slots=True)
class Shard:
    """One of so many shares of the connections, from 0."""

    number: int
    of: int

    @classmethod
    def from_ordinal(cls, ordinal: int, shards: int) -> "Shard":
        """The shard of the replica with this ordinal: those beyond the last shard begin again with the first."""
        return cls(ordinal % shards, shards)

    def owns(self, name: str) -> bool:
        """Whether the name belongs to this shard."""
        return shard_of(name, self.of) == self.number


WHOLE: Final = Shard(0, 1)
