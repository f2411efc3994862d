"""The web application: which path shows what. It reads, in the daemon's own loop, and changes nothing."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
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
from zoho_tokend.web.crowd import bounded
from zoho_tokend.web.listing import Selection, parse_selection, select
from zoho_tokend.web.page import View, page
from zoho_tokend.web.probes import Probe, probe_routes
from zoho_tokend.web.security import OWN_SCRIPT, SecurityHeaders, for_hosts
from zoho_tokend.web.snapshot import SHARED_FOR, Snapshot, Snapshots
from zoho_tokend.web.status import status

ROWS: Final = 100

Made = TypeVar("Made")
Of = TypeVarTuple("Of")
Render = Callable[[Iterable[ConnectionFacts], str], tuple[bytes, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the answers come from.

    Attributes:
        connections: gone through in the pages' thread, for a large fleet takes a while.
        render: the metrics page of these connections, and its content type, for an ``Accept`` header; called in the
            pages' thread, for it may take a second.
    """

    live: Probe
    ready: Probe
    daemon: Callable[[], DaemonFacts]
    connections: Callable[[], Iterable[ConnectionFacts]]
    render: Render


def create_app(sources: Sources, *, hosts: Collection[str] = (), shared_for: timedelta = SHARED_FOR) -> ASGIApp:
    """``/livez``, ``/readyz``, ``/metrics``, ``/status`` and the status page; all else is 404, all but reading 405.

    Args:
        hosts: names under which the status and its page are served, beside IP addresses and ``localhost``.
        shared_for: how long one look at the fleet serves all who read the status or its page.
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


class _Site:
    """Every page is made in the one thread of the pages: the loop's own threads are left to look host names up."""

    def __init__(self, sources: Sources, shared_for: timedelta) -> None:
        self._sources = sources
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pages")
        self._snapshots = Snapshots(sources.daemon, sources.connections, thread=self._thread, shared_for=shared_for)

    async def metrics(self, request: Request) -> Response:
        connections, accept = self._sources.connections(), request.headers.get("accept", "")
        text, content_type = await self._made(self._sources.render, connections, accept)
        return Response(text, headers={"Content-Type": content_type})

    async def status(self, request: Request) -> Response:
        selection, snapshot = _selection(request), await self._snapshots.latest()
        return await self._made(_status, snapshot, selection)

    async def page(self, request: Request) -> Response:
        selection = replace(_selection(request), limit=ROWS)
        snapshot, ready = await self._snapshots.latest(), self._sources.ready()
        return await self._made(_page, snapshot, selection, ready)

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
