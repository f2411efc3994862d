"""What a forked child must not share with its parent: locks that another thread held, and connections.

gunicorn with ``preload_app`` and Celery's prefork pool import a job, with its reader, and fork then.
"""

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

_OWNERS: Final[WeakKeyDictionary[object, Callable[[Any], None]]] = WeakKeyDictionary()


def renew_in_child(owner: T, renew: Callable[[T], None]) -> None:
    """Call ``renew`` with the owner in each child that is forked while the owner lives, before the child does anything.

    It must be no bound method, which would keep its owner alive.
    """
    _OWNERS[owner] = renew


def _renew_all() -> None:
    for owner, renew in tuple(_OWNERS.items()):
        renew(owner)


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_renew_all)
