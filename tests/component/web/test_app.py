import asyncio
import gc
import json
import re
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from tests.support.samples.fact_samples import a_row
from tests.support.samples.web_sources import sources
from zoho_tokend.core.facts import ConnectionFacts, State
from zoho_tokend.core.health import readiness
from zoho_tokend.web.app import MOST_AT_ONCE, create_app
from zoho_tokend.web.snapshot import SHARED_FOR

UNREADY = readiness(vault_session=False, discovered=True, stopping=False)
HOSTILE = "<script>alert('x')</script>"


def site(**changes: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(sources(**changes)), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/readyz/vault-session", "/livez/event-loop"])
async def test_a_healthy_probe_says_ok(path: str) -> None:
    async with site() as web:
        answer = await web.get(path)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["content-type"].startswith("text/plain")


async def test_a_verbose_probe_tells_each_check() -> None:
    async with site() as web:
        answer = await web.get("/readyz?verbose")
    assert answer.text == (
        "[+]settings ok\n[+]vault-session ok\n[+]discovery ok\n[+]leader-election ok\n[+]shutdown ok\n"
        "readyz check passed\n"
    )


async def test_a_failing_probe_is_503_and_says_why_unasked() -> None:
    async with site(ready=lambda: UNREADY) as web:
        answer = await web.get("/readyz")
    assert answer.status_code == 503
    assert answer.text == (
        "[+]settings ok\n[-]vault-session failed: no live Vault session\n"
        "[+]discovery ok\n[+]leader-election ok\n[+]shutdown ok\nreadyz check failed\n"
    )


async def test_a_single_check_fails_alone() -> None:
    async with site(ready=lambda: UNREADY) as web:
        ill, well = await web.get("/readyz/vault-session"), await web.get("/readyz/discovery")
    assert (ill.status_code, well.status_code) == (503, 200)
    assert ill.text == "[-]vault-session failed: no live Vault session\nreadyz check failed\n"


async def test_excluded_checks_are_passed_over_and_unknown_ones_warned_of() -> None:
    async with site(ready=lambda: UNREADY) as web:
        answer = await web.get("/readyz?verbose&exclude=vault-session&exclude=moon&exclude=shutdown")
    assert answer.status_code == 200
    assert answer.text == (
        "[+]settings ok\n[+]vault-session excluded: ok\n[+]discovery ok\n[+]leader-election ok\n"
        "[+]shutdown excluded: ok\n"
        'warn: some health checks cannot be excluded: no matches for "moon"\nreadyz check passed\n'
    )


@pytest.mark.parametrize("path", ["/nothing", "/readyz/moon", "/livez/settings", "/readyz/", "/metrics/"])
async def test_what_there_is_not_is_404(path: str) -> None:
    async with site() as web:
        assert (await web.get(path)).status_code == 404


@pytest.mark.parametrize(
    "path", ["/livez", "/readyz", "/readyz/settings", "/metrics", "/status", "/", "/style.css", "/refresh.js"]
)
async def test_every_path_is_for_reading_alone(path: str) -> None:
    async with site() as web:
        refused, got, head = await web.post(path), await web.get(path), await web.head(path)
    assert refused.status_code == 405
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert (got.status_code, head.status_code) == (200, 200)
    assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize("path", ["/", "/status", "/metrics", "/readyz", "/nothing", "/status?limit=0", "/broken"])
async def test_every_answer_carries_the_headers_that_keep_a_browser_safe(path: str) -> None:
    async with site() as web:
        headers = (await web.get(path)).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/status"])
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", "", "a b"]
)
async def test_a_page_is_refused_under_a_host_name_that_is_not_ours(path: str, host: str) -> None:
    async with site() as web:
        answer = await web.get(path, headers={"Host": host})
    assert answer.status_code == 421
    assert "ZOHO_TOKEND_STATUS_HOSTS" in answer.text
    assert "crm-prod" not in answer.text


@pytest.mark.parametrize("path", ["/", "/status"])
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.1.2.3:8080", "[::1]:8080", "[fd00::8]", "localhost", "LOCALHOST.:8080", "Tokend.Example:80"],
)
async def test_a_page_is_served_under_addresses_and_our_names(path: str, host: str) -> None:
    app = create_app(sources(), hosts=["tokend.example"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as web:
        assert (await web.get(path, headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_probes_and_scrapes_come_under_any_host_name(path: str) -> None:
    async with site() as web:
        assert (await web.get(path, headers={"Host": "any.name.example"})).status_code == 200


def broken() -> Sequence[ConnectionFacts]:
    raise RuntimeError("CANARY of a traceback")


@pytest.mark.parametrize("path", ["/", "/status", "/metrics"])
async def test_an_error_of_our_own_is_answered_without_its_traceback(path: str) -> None:
    async with site(connections=broken) as web:
        answer = await web.get(path)
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    assert "content-security-policy" in answer.headers


async def test_metrics_are_written_in_the_format_asked_for() -> None:
    async with site() as web:
        plain = await web.get("/metrics")
        openmetrics = await web.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'zoho_tokend_connections{state="fresh"} 1.0' in plain.text
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert openmetrics.text.endswith("# EOF\n")


async def test_probes_are_answered_while_metrics_are_being_written() -> None:
    started, finish = threading.Event(), threading.Event()

    def render(_connections: Sequence[ConnectionFacts], _accept: str) -> tuple[bytes, str]:
        started.set()
        assert finish.wait(5), "the loop stood still while metrics were being written"
        return b"done\n", "text/plain"

    async with site(render=render) as web, asyncio.TaskGroup() as group:
        scrape = group.create_task(web.get("/metrics"))
        assert await asyncio.to_thread(started.wait, 5)
        assert (await web.get("/livez")).status_code == 200
        finish.set()
    assert scrape.result().text == "done\n"


async def test_status_tells_the_daemon_and_its_connections() -> None:
    async with site() as web:
        status = (await web.get("/status")).json()
    assert status == {
        "version": "1.2.3",
        "now": "2026-01-01T12:00:00Z",
        "started_at": "2025-12-29T08:00:00Z",
        "floor_seconds": 1500.0,
        "leader": True,
        "holder": None,
        "shard": 0,
        "shards": 1,
        "vault": {"alive": True, "error": None, "since": None, "expires_at": "2026-01-01T12:44:00Z"},
        "discovery": {"complete": True, "error": None, "undiscovered": {}, "ill_named": {}},
        "unsaved_tokens": 0,
        "counts": dict.fromkeys(State, 0) | {"fresh": 1},
        "connections": [
            {
                "name": "crm-prod",
                "state": "fresh",
                "data_center": "eu",
                "issued_at": "2026-01-01T11:50:00Z",
                "expires_at": "2026-01-01T12:50:00Z",
                "floor_seconds": 1500.0,
                "next_refresh_at": "2026-01-01T12:18:00Z",
                "last_success_at": "2026-01-01T11:50:00Z",
                "last_attempt_at": "2026-01-01T11:50:00Z",
                "version": 3,
                "failures": 0,
                "budget_remaining": 8,
                "error": None,
                "outcome": None,
                "deferred_by": None,
            }
        ],
        "after": None,
    }


async def test_a_large_fleet_is_told_a_page_at_a_time() -> None:
    fleet = [a_row(f"c{number:03}") for number in range(25)] + [a_row("ill one", State.FAILING)]
    seen: list[str] = []
    after: str | None = ""
    async with site(connections=lambda: fleet) as web:
        for _page in range(3):
            told = (await web.get("/status", params={"limit": 10, "after": after})).json()
            seen += [row["name"] for row in told["connections"]]
            after = told["after"]
    assert after is None
    assert seen == ["ill one", *(f"c{number:03}" for number in range(25))]


async def test_status_shows_one_state_when_asked() -> None:
    async with site(connections=lambda: [a_row("a"), a_row("b", State.FAILING)]) as web:
        told = (await web.get("/status?state=failing")).json()
    assert [row["name"] for row in told["connections"]] == ["b"]


@pytest.mark.parametrize("path", ["/status", "/"])
@pytest.mark.parametrize("query", ["state=sad", "limit=many", "after=here"])
async def test_a_query_that_makes_no_sense_is_400_in_one_sentence(path: str, query: str) -> None:
    async with site() as web:
        answer = await web.get(f"{path}?{query}")
    assert answer.status_code == 400
    assert re.match(rf"{query.partition('=')[0]} (is|must be) ", answer.text)


async def test_the_status_page_is_html_with_what_it_needs_beside_it() -> None:
    async with site() as web:
        page, style = await web.get("/"), await web.get("/style.css")
        script, icon = await web.get("/refresh.js"), await web.get("/icon.svg")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert 'href="style.css"' in page.text
    assert style.headers["content-type"].startswith("text/css")
    assert script.headers["content-type"].startswith("text/javascript")
    assert icon.headers["content-type"] == "image/svg+xml"


async def test_the_policy_of_the_status_page_allows_its_own_files_and_nothing_inline() -> None:
    async with site() as web:
        policy = (await web.get("/")).headers["content-security-policy"]
    directives = dict(directive.split(" ", 1) for directive in policy.split("; "))
    assert directives.pop("default-src") == "'none'"
    assert directives.pop("require-trusted-types-for") == "'script'"
    assert set(directives.values()) == {"'none'", "'self'"}


async def test_probes_are_answered_while_a_page_is_made_of_a_fleet_that_takes_long_to_go_through() -> None:
    started, finish = threading.Event(), threading.Event()

    def fleet() -> Iterator[ConnectionFacts]:
        started.set()
        assert finish.wait(5), "the loop stood still while the fleet was gone through"
        yield a_row()

    async with site(connections=fleet) as web, asyncio.TaskGroup() as group:
        look = group.create_task(web.get("/"))
        assert await asyncio.to_thread(started.wait, 5)
        assert (await web.get("/livez")).status_code == 200
        finish.set()
    assert "crm-prod" in look.result().text


async def test_probes_are_answered_while_a_page_is_being_written() -> None:
    started, finish = threading.Event(), threading.Event()

    class SlowName(str):
        __slots__ = ()

        def casefold(self) -> str:
            started.set()
            assert finish.wait(5), "the loop stood still while the page was being written"
            return super().casefold()

    async with site(connections=lambda: [a_row(SlowName("slow"), State.FAILING)]) as web, asyncio.TaskGroup() as group:
        look = group.create_task(web.get("/"))
        assert await asyncio.to_thread(started.wait, 5)
        assert (await web.get("/livez")).status_code == 200
        finish.set()
    assert "slow" in look.result().text


async def test_many_readers_at_once_have_the_fleet_gone_through_once() -> None:
    looks: list[str] = []

    def fleet() -> list[ConnectionFacts]:
        looks.append("once")
        return [a_row()]

    async with site(connections=fleet) as web:
        pages = await asyncio.gather(*(web.get("/") for _reader in range(MOST_AT_ONCE)))
    assert {page.status_code for page in pages} == {200}
    assert looks == ["once"]


async def test_a_look_at_the_fleet_is_kept_for_no_longer_than_it_is_shared() -> None:
    def held() -> bool:
        gc.collect()
        return any(isinstance(thing, ConnectionFacts) and thing.name == "looked-at" for thing in gc.get_objects())

    async with site(connections=lambda: [a_row("looked-at")]) as web:
        assert "looked-at" in (await web.get("/")).text
        assert held()
        async with asyncio.timeout(60 * SHARED_FOR.total_seconds()):
            while held():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.05)


async def test_the_status_page_shows_a_hundred_at_a_time() -> None:
    async with site(connections=lambda: [a_row(f"c{number:03}") for number in range(101)]) as web:
        page = (await web.get("/")).text
        rest = (await web.get("/?after=9:c099")).text
    assert page.count('scope="row"') == 100
    assert "Next page" in page
    assert rest.count('scope="row"') == 1


@pytest.mark.parametrize("path", ["/", "/status", "/metrics"])
async def test_a_hostile_name_is_told_and_never_obeyed(path: str) -> None:
    async with site(connections=lambda: [a_row(HOSTILE, error=HOSTILE)]) as web:
        answer = await web.get(path)
    assert answer.status_code == 200
    if path == "/status":
        assert json.loads(answer.text)["connections"][0]["name"] == HOSTILE
        assert answer.headers["content-type"] == "application/json"
    elif path == "/":
        assert HOSTILE not in answer.text
