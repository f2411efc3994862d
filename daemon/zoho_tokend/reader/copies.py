"""What a forked child, a copy or a pickle of a reader must not share: locks that a thread holds, connections, secrets.

gunicorn with ``preload_app`` and Celery's prefork pool import a job, with its reader, and fork then. dlt copies the
configuration of a source, with its authentication; Spark, Dask and ``multiprocessing`` pickle what they hand on.
"""

import os
from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Final, Self
from weakref import WeakSet

import hvac

from zoho_tokend.reader.memory import Memory, Now
from zoho_tokend.reader.vault_source import vault_source


class Reader:
    """What both readers are made of. Copies of a reader have locks, a memory and connections of their own.

    A copy has the same hvac client, whose owner may replace its token at any time. A pickle holds no secret: it carries
    the mount and the prefix, and whoever loads it reads by the environment of its own process. A reader with a client
    that was passed to it cannot be pickled, for that client holds a Vault token.
    """

    def __init__(self, client: hvac.Client | None, *, mount: str | None, prefix: str | None, now: Now) -> None:
        self._has_own_client = client is not None
        self._mount, self._prefix, self._now = mount, prefix, now
        self._source = vault_source(client, os.environ, mount=mount, prefix=prefix)
        self._memory = Memory(now)
        _READERS.add(self)

    def renew(self) -> None:
        """Begin anew in a forked child, with locks and connections of its own."""
        self._memory.renew()
        self._source.renew()

    def __copy__(self) -> Self:
        twin = type(self)(self._source.client, mount=self._mount, prefix=self._prefix, now=self._now)
        twin._has_own_client = self._has_own_client  # noqa: SLF001  # it is our own twin
        return twin

    def __deepcopy__(self, memo: object) -> Self:
        return copy(self)

    def __reduce__(self) -> tuple[Callable[[], Self], tuple[()]]:
        if self._has_own_client:
            raise TypeError(
                f"a {type(self).__name__} with an hvac client cannot be pickled, for the client holds a Vault token: "
                "make the reader where it is used, or without a client, so that VAULT_ADDR and VAULT_TOKEN count there"
            )
        return partial(type(self), mount=self._mount, prefix=self._prefix, now=self._now), ()


_READERS: Final[WeakSet[Reader]] = WeakSet()


def _renew_all() -> None:
    for reader in tuple(_READERS):
        reader.renew()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_renew_all)
