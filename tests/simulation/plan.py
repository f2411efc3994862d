"""What kind of world a seed makes."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from tests.simulation.promise import Terms
from zoho_tokend.core.policy import Policy
from zoho_tokend.core.sharding import Shard

HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What kind of world a seed makes.

    Attributes:
        lifetime: of access tokens, in seconds.
        locations: the data centre of each connection.
        shared: whether the first two connections have one refresh token.
        elects: whether the replicas elect one that works, or all do.
        shards: among how many processes the connections are divided.
        limited_client: whether Zoho counts issues by client, and not by refresh token.
        rotates: whether Zoho changes refresh tokens now and then.
    """

    seed: int
    lifetime: float
    policy: Policy
    connections: int
    replicas: int
    named_client: bool
    shared: bool
    rotates: bool
    refresh_at: tuple[float | None, ...]
    elects: bool
    locations: tuple[str, ...]
    shards: int = 1
    limited_client: bool = False

    @classmethod
    def of(cls, seed: int) -> "Plan":
        """The plan of a seed, which is always the same."""
        rng = Random(f"{seed}/plan")
        connections, replicas = rng.randint(2, 8), rng.choice((1, 1, 2))
        return cls(
            seed=seed,
            # Two that both work would be throttled for ever with tokens so short-lived.
            lifetime=max(rng.choice((HOUR,) * 8 + (6 * HOUR, 60.0)), HOUR if replicas > 1 else 0.0),
            policy=Policy(
                refresh_at=rng.choice((0.5, 0.5, 0.5, 0.2, 0.4, 0.8)),
                issues_per_ten_minutes=rng.choice((8, 8, 8, 3, 5, 10)),
                sweep_interval=timedelta(seconds=rng.choice((1, 1, 1, 5, 30))),
            ),
            connections=connections,
            replicas=replicas,
            named_client=rng.random() < 0.5,
            shared=rng.random() < 0.15,
            rotates=rng.random() < 0.25 and replicas == 1,
            elects=replicas > 1 and Random(f"{seed}/election").random() < 0.75,
            refresh_at=tuple(rng.choice((None, None, None, 0.3, 0.6)) for _ in range(connections)),
            locations=("eu",) * connections,
        )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"c{number}" for number in range(self.connections))

    def location_of(self, name: str) -> str:
        """The data centre of the connection."""
        return self.locations[self.names.index(name)]

    def at(self, *locations: str) -> tuple[str, ...]:
        """The connections of these data centres."""
        return tuple(name for name, at in zip(self.names, self.locations, strict=True) if at in locations)

    def of_shard(self, number: int) -> tuple[str, ...]:
        """The connections of the replica with this number: all of them where there are no shards."""
        return tuple(name for name in self.names if Shard.from_ordinal(number, self.shards).owns(name))

    @property
    def is_promised(self) -> bool:
        """Whether such tokens have a floor at all; those that do not are there to strain the budget."""
        return self.lifetime >= HOUR

    def terms(self) -> dict[str, Terms]:
        """What is promised of each connection."""
        lifetime = timedelta(seconds=self.lifetime)
        pace = (self.policy.pace + self.policy.sweep_interval).total_seconds()
        # Within a client's limit less than the floor is left now and then, and never no token.
        share = 0.0 if not self.is_promised else 0.5 if self.limited_client else 1.0
        return {
            name: Terms(
                floor=share * self.policy.floor_of(lifetime, refresh_at).total_seconds(),
                pace=pace,
            )
            for name, refresh_at in zip(self.names, self.refresh_at, strict=True)
        }
