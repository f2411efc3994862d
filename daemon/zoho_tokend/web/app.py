"""The web application: the routes. It is read-only, and runs in the daemon's own loop."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, TypeVar, TypeVarTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from zoho_tokend.core.facts import ConnectionFacts, DaemonFacts
from zoho_tokend.core.health import Check
from zoho_tokend.web.assets import ICON, SCRIPT, STYLE, asset_route
from zoho_tokend.web.listing import Selection, parse_selection, select
from zoho_tokend.web.page import View, page
from zoho_tokend.web.probes import Probe, probe_routes
from zoho_tokend.web.security import OWN_SCRIPT, Endpoint, SecurityHeaders, for_hosts
from zoho_tokend.web.snapshot import SHARED_FOR, Snapshot, Snapshots
from zoho_tokend.web.status import status

ROWS: Final = 100
# For ten thousand connections this many of each page are rendered in a few seconds, before a scrape times out.
MOST_AT_ONCE: Final = 16
# An immediate refusal would let a client without back-off ask thousands of times a second, at the probes' expense.
_REFUSED_AFTER_SECONDS: Final = 0.5

Made = TypeVar("Made")
Of = TypeVarTuple("Of")
Render = Callable[[Iterable[ConnectionFacts], str], tuple[bytes, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the pages' facts come from.

    Attributes:
        check_vault: checks whether Vault is up before the daemon's facts are read; takes about two seconds at most.
        connections: iterated in the pages' thread, as a large fleet takes a while.
        render: returns the metrics page of these connections and its content type, for an ``Accept`` header; called in
            the pages' thread, as it may take a second.
    """

    live: Probe
    ready: Probe
    check_vault: Callable[[], Awaitable[None]]
    daemon: Callable[[], DaemonFacts]
    connections: Callable[[], Iterable[ConnectionFacts]]
    render: Render


def create_app(sources: Sources, *, hosts: Collection[str] = (), shared_for: timedelta = SHARED_FOR) -> ASGIApp:
    """Create the application: ``/livez``, ``/readyz``, ``/metrics``, ``/status`` and the status page.

    Any other path is 404, any method but reading 405.

    Args:
        hosts: names under which the status and its page are served, besides IP addresses and ``localhost``.
        shared_for: how long one snapshot of the fleet is used for the status and its page.
    """
    site = _Site(sources, shared_for)
    app = Starlette(
        routes=[
            *probe_routes("livez", sources.live),
            *probe_routes("readyz", sources.ready),
            Route("/metrics", bounded(site.metrics)),
            Route("/status", for_hosts(hosts, bounded(site.status))),
            Route("/", for_hosts(hosts, bounded(site.page))),
            *map(asset_route, (STYLE, SCRIPT, ICON)),
        ]
    )
    app.router.redirect_slashes = False
    return SecurityHeaders(app, policy=OWN_SCRIPT)


def bounded(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint with a limit of concurrent requests; any more get 503 with ``Retry-After``."""
    under_way = 0

    async def answer(request: Request) -> Response:
        nonlocal under_way
        if under_way >= MOST_AT_ONCE:
            await asyncio.sleep(_REFUSED_AFTER_SECONDS)
            sentence = f"Busy: {MOST_AT_ONCE} others are waiting for this page. Ask again in a second."
            raise HTTPException(503, sentence, headers={"Retry-After": "1"})
        under_way += 1
        try:
            return await endpoint(request)
        finally:
            under_way -= 1

    return answer


class _Scrapes:
    """Renders the metrics once for all requests that came before it began: no scrape is older than its request."""

    def __init__(self, render: Callable[[str], Awaitable[tuple[bytes, str]]]) -> None:
        self._render = render
        self._rendering = asyncio.Lock()
        self._asking = 0
        self._begun = 0
        self._accept = ""
        self._latest: tuple[bytes, str] | None = None

    async def rendered(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics and their content type, for this ``Accept`` header."""
        came = self._begun
        self._asking += 1
        try:
            async with self._rendering:
                if self._latest is None or self._begun == came or self._accept != accept:
                    self._begun, self._accept, self._latest = self._begun + 1, accept, None
                    self._latest = await self._render(accept)
                return self._latest
        finally:
            self._asking -= 1
            if not self._asking:
                self._latest = None


class _Site:
    """Every page is rendered in one thread of its own: the loop's threads are left for looking up host names."""

    def __init__(self, sources: Sources, shared_for: timedelta) -> None:
        self._sources = sources
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pages")
        self._snapshots = Snapshots(
            sources.daemon,
            sources.connections,
            check_vault=sources.check_vault,
            thread=self._thread,
            shared_for=shared_for,
        )
        self._scrapes = _Scrapes(self._render)

    async def metrics(self, request: Request) -> Response:
        text, content_type = await self._scrapes.rendered(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": content_type})

    async def status(self, request: Request) -> Response:
        selection, snapshot = _selection(request), await self._snapshots.latest()
        return await self._made(_status, snapshot, selection)

    async def page(self, request: Request) -> Response:
        selection = replace(_selection(request), limit=ROWS)
        snapshot, ready = await self._snapshots.latest(), self._sources.ready()
        return await self._made(_page, snapshot, selection, ready)

    async def _render(self, accept: str) -> tuple[bytes, str]:
        return await self._made(self._sources.render, self._sources.connections(), accept)

    async def _made(self, make: Callable[[*Of], Made], *of: *Of) -> Made:
        return await asyncio.get_running_loop().run_in_executor(self._thread, make, *of)


def _status(snapshot: Snapshot, selection: Selection) -> Response:
    return JSONResponse(status(snapshot.daemon, select(snapshot.connections, selection)))


def _page(snapshot: Snapshot, selection: Selection, ready: Sequence[Check]) -> Response:
    listing = select(snapshot.connections, selection)
    view = View(daemon=snapshot.daemon, ready=ready, promise=snapshot.promise, listing=listing, selection=selection)
    return HTMLResponse(page(view))


def _selection(request: Request) -> Selection:
    try:
        return parse_selection(request.query_params)
    except ValueError as problem:
        raise HTTPException(400, str(problem)) from problem
