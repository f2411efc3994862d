"""``/livez`` and ``/readyz`` in Kubernetes' own text form (https://kubernetes.io/docs/reference/using-api/health-checks/)."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from zoho_tokend.core.health import Check

Probe = Callable[[], Sequence[Check]]

_NOT_NOW: Final = 503


def probe_routes(name: str, probe: Probe) -> list[Route]:
    """Return the routes ``/<name>``, for every check of the probe, and ``/<name>/<check>``, for one alone.

    ``?verbose`` lists each check, as a failure always does; ``?exclude=<check>``, which may be repeated, ignores one.
    503 where a check fails, 404 where there is none of that name.
    """

    async def every(request: Request) -> Response:
        return _answer(name, probe(), request)

    async def single(request: Request) -> Response:
        wanted = [check for check in probe() if check.name == request.path_params["check"]]
        if not wanted:
            raise HTTPException(404, f"{name} has no such check")
        return _answer(name, wanted, request)

    return [Route(f"/{name}", every), Route(f"/{name}/{{check}}", single)]


def _answer(name: str, checks: Sequence[Check], request: Request) -> Response:
    excluded = set(request.query_params.getlist("exclude"))
    failed = any(not check.ok for check in checks if check.name not in excluded)
    if not failed and "verbose" not in request.query_params:
        return PlainTextResponse("ok")
    lines = [_line(check, excluded=check.name in excluded) for check in checks]
    if unknown := excluded - {check.name for check in checks}:
        lines.append(f"warn: some health checks cannot be excluded: no matches for {_quoted(sorted(unknown))}")
    lines.append(f"{name} check {'failed' if failed else 'passed'}")
    return PlainTextResponse("\n".join(lines) + "\n", status_code=_NOT_NOW if failed else 200)


def _line(check: Check, *, excluded: bool) -> str:
    if excluded:
        return f"[+]{check.name} excluded: ok"
    return f"[+]{check.name} ok" if check.ok else f"[-]{check.name} failed: {check.reason}"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(json.dumps(name) for name in names)
