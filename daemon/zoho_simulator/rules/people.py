"""The people who use a simulated Zoho: one with an account in each data centre."""

from collections.abc import Iterable
from itertools import chain, count
from typing import Final

from zoho_simulator.rules.records import User

_NAMES: Final = ("ann", "bob", "eva", "ida", "leo", "max", "mia", "noa", "tim", "uma", "zoe")


def residents(data_centers: Iterable[str]) -> tuple[User, ...]:
    """``ann@example.com`` in the first data centre, ``bob@example.com`` in the second; Zoho itself has eleven."""
    names = chain(_NAMES, (f"person{number}" for number in count(1)))
    return tuple(User(email=f"{next(names)}@example.com", data_center=place) for place in data_centers)
