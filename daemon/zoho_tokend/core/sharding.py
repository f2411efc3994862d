"""Shards: the process that a connection belongs to, computed by each process without talking to another.

Rendezvous hashing: a name belongs to the shard with the highest hash for it. A new shard takes its share from each of
the others, and no name moves from one old shard to another; likewise when a shard is removed.
"""

import hashlib
from dataclasses import dataclass
from typing import Final


def shard_of(name: str, shards: int) -> int:
    """Return the number of the shard, from 0, that the name belongs to."""
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
    """Shard ``number``, from 0, of ``of`` shards."""

    number: int
    of: int

    @classmethod
    def from_ordinal(cls, ordinal: int, shards: int) -> "Shard":
        """Return the shard of the replica with this ordinal; those beyond the last shard begin again with the first."""
        return cls(ordinal % shards, shards)

    def owns(self, name: str) -> bool:
        """Whether the name belongs to this shard."""
        return shard_of(name, self.of) == self.number


WHOLE: Final = Shard(0, 1)
