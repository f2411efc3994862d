"""How long a fault lasts, and whom it strikes."""

from random import Random
from typing import Final

from tests.simulation.world import World

MINUTE: Final = 60.0


def a_while(world: World, rng: Random) -> float:
    """How long it lasts: a blink, a few minutes, most of the floor, or more than all of it."""
    floor = max(min(terms.floor for terms in world.plan.terms().values()), MINUTE)
    return rng.choice(
        (
            rng.uniform(1, 30),
            rng.uniform(30, 10 * MINUTE),
            rng.uniform(0.2, 0.97) * floor,
            rng.uniform(0.2, 0.97) * floor,
            rng.uniform(1.0, 2.0) * floor,
        )
    )


def some(world: World, rng: Random) -> tuple[str, ...] | None:
    """All connections (None), or one and whoever shares its refresh token."""
    return None if rng.random() < 0.5 else world.people.sharers(rng.choice(world.plan.names))
