"""The web application: which path shows what. It reads, in the daemon's own loop, and changes nothing."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from zoho_tokend.core.facts import ConnectionFacts, DaemonFacts
from zoho_tokend.core.health import Check
from zoho_tokend.web.assets import ICON, SCRIPT, STYLE, asset_route
from zoho_tokend.web.headers import OWN_SCRIPT, SecurityHeaders
from zoho_tokend.web.listing import Listing, Selection, parse_selection, select
from zoho_tokend.web.page import View, page
from zoho_tokend.web.probes import Probe, probe_routes
from zoho_tokend.web.snapshot import SHARED_FOR, Snapshot, Snapshots
from zoho_tokend.web.status import status

ROWS: Final = 100

Render = Callable[[Iterable[ConnectionFacts], str], tuple[bytes, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the answers come from; each is asked anew for each request.

    Attributes:
        connections: gone through in a thread, for a large fleet takes a while.
        render: the metrics page of these connections, and its content type, for an ``Accept`` header; called in a
            thread of its own, for it may take a second.
    """

    live: Probe
    ready: Probe
    daemon: Callable[[], DaemonFacts]
    connections: Callable[[], Iterable[ConnectionFacts]]
    render: Render


def create_app(sources: Sources, *, shared_for: timedelta = SHARED_FOR) -> ASGIApp:
    """``/livez``, ``/readyz``, ``/metrics``, ``/status`` and the status page; all else is 404, all but reading 405.

    Args:
        shared_for: how long one look at the fleet serves all who read the status page.
    """
    site = _Site(sources, shared_for)
    app = Starlette(
        routes=[
            *probe_routes("livez", sources.live),
            *probe_routes("readyz", sources.ready),
            Route("/metrics", site.metrics),
            Route("/status", site.status),
            Route("/", site.page),
            *map(asset_route, (STYLE, SCRIPT, ICON)),
        ]
    )
    app.router.redirect_slashes = False
    return SecurityHeaders(app, policy=OWN_SCRIPT)


class _Site:
    def __init__(self, sources: Sources, shared_for: timedelta) -> None:
        self._sources = sources
        self._snapshots = Snapshots(sources.daemon, sources.connections, shared_for=shared_for)
        self._rendering = asyncio.Lock()

    async def metrics(self, request: Request) -> Response:
        connections, accept = self._sources.connections(), request.headers.get("accept", "")
        async with self._rendering:
            text, content_type = await asyncio.to_thread(self._sources.render, connections, accept)
        return Response(text, headers={"Content-Type": content_type})

    async def status(self, request: Request) -> Response:
        listing = await self._listing(_selection(request))
        return JSONResponse(status(self._sources.daemon(), listing))

    async def page(self, request: Request) -> Response:
        selection = replace(_selection(request), limit=ROWS)
        snapshot, ready = await self._snapshots.latest(), self._sources.ready()
        return HTMLResponse(await asyncio.to_thread(_page, snapshot, selection, ready))

    async def _listing(self, selection: Selection) -> Listing:
        connections = self._sources.connections()
        return await asyncio.to_thread(lambda: select(tuple(connections), selection))


def _page(snapshot: Snapshot, selection: Selection, ready: Sequence[Check]) -> str:
    listing = select(snapshot.connections, selection)
    return page(
        View(daemon=snapshot.daemon, ready=ready, promise=snapshot.promise, listing=listing, selection=selection)
    )


def _selection(request: Request) -> Selection:
    try:
        return parse_selection(request.query_params)
    except ValueError as problem:
        raise HTTPException(400, str(problem)) from problem
