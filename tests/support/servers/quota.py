"""A rate-limit quota of a real server: https://openbao.org/api-docs/system/rate-limit-quotas/."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from tests.support.servers.openbao import Admin

_SECOND = timedelta(seconds=1)


@contextmanager
def rate_limited(
    admin: Admin, *, requests: int, every: timedelta = _SECOND, path: str = "", tells_when: bool = False
) -> Iterator[None]:
    """So many requests are answered in each such span, and all others with 429, until the block ends.

    Args:
        path: beneath which they are counted; empty for all that the server is asked.
        tells_when: whether every answer on the server names the quota, and a refusal when to come back.
    """
    quota = f"sys/quotas/rate-limit/{secrets.token_hex(4)}"
    admin.ask("POST", "sys/quotas/config", {"enable_rate_limit_response_headers": tells_when})
    admin.ask("POST", quota, {"rate": requests, "interval": f"{every.total_seconds():.0f}s", "path": path})
    try:
        yield
    finally:
        admin.ask("DELETE", quota)
        admin.ask("POST", "sys/quotas/config", {"enable_rate_limit_response_headers": False})
