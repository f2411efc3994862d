"""A TLS handshake costs more than the form that it carries, so connections to Zoho are used again."""

import asyncio
from collections.abc import Iterator

from tests.support.clocks.wall_clock import WallClock
from tests.support.servers.loopback_server import LoopbackServer, answering, loopback_server
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.zoho.transport import Transport

_AT_ONCE = 16
_CALLS = 4 * _AT_ONCE


async def test_as_many_connections_are_opened_as_calls_run_at_once_and_no_more() -> None:
    answer = answering(body=b"{}")
    everyone = asyncio.Barrier(_AT_ONCE)

    async def answer_together(writer: asyncio.StreamWriter) -> None:
        async with everyone:
            await answer(writer)

    async with (
        loopback_server(answer_together) as server,
        Transport(WallClock()) as transport,
        asyncio.TaskGroup() as group,
    ):
        calls = iter(range(_CALLS))
        callers = [group.create_task(_call(transport, server, calls)) for _ in range(_AT_ONCE)]
        await asyncio.gather(*callers)
        assert server.connections == _AT_ONCE


async def _call(transport: Transport, server: LoopbackServer, calls: Iterator[int]) -> None:
    for _ in calls:
        await transport.post(parse_origin(server.origin), "/oauth/v2/token", {"grant_type": "refresh_token"})
