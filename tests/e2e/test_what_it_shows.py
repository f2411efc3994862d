"""The endpoints of the real process, beside a connection that is well and one that is not."""

import re
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.places.site import a_site
from tests.processes.process import Daemon
from tests.servers.openbao import Admin, new_corner
from zoho_tokend import __version__
from zoho_tokend.core.facts import State

READY = (
    "[+]settings ok\n[+]vault-session ok\n[+]discovery ok\n[+]leader-election ok\n[+]shutdown ok\nreadyz check passed\n"
)


@pytest.fixture(scope="module")
def daemon(admin: Admin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with a_site(new_corner(admin), tmp_path_factory.mktemp("site")) as site:
        site.connect("crm-prod")
        site.connect("broken", client_secret="")
        with site.daemon() as daemon:
            daemon.until_ready()
            daemon.until_state("crm-prod", "fresh")
            yield daemon


def test_it_is_alive_and_ready_though_one_connection_is_not_well(daemon: Daemon) -> None:
    assert (daemon.get("/livez").text, daemon.get("/readyz").text) == ("ok", "ok")
    assert daemon.get("/readyz?verbose").text == READY
    assert daemon.get("/livez?verbose").text.endswith("livez check passed\n")
    assert daemon.get("/readyz/vault-session").text == "ok"


@pytest.mark.parametrize("path", ["/nowhere", "/readyz/nothing", "/metrics/", "/status/x"])
def test_an_unknown_path_is_not_found(daemon: Daemon, path: str) -> None:
    assert daemon.get(path).status_code == 404


def test_metrics_are_read_by_a_parser_and_tell_both_connections(daemon: Daemon) -> None:
    families = list(text_string_to_metric_families(daemon.get("/metrics").text))
    assert len(families) > 20
    assert all(family.documentation for family in families if family.name.startswith("zoho_tokend_"))
    assert daemon.metric("build_info", version=__version__) == 1
    assert daemon.metric("connections", state="fresh") == daemon.metric("connections", state="misconfigured") == 1
    assert daemon.metric("connection_state", connection="crm-prod", state="fresh") == 1
    assert daemon.metric("refreshes_total", outcome="success") == 1
    assert daemon.metric("zoho_requests_total", outcome="issued") == 1
    assert daemon.metric("floor_seconds") == 30 * 60 - 45 - 1
    assert daemon.metric("vault_logins_total", method="token", outcome="success") == 1


def test_status_counts_every_state_and_tells_what_is_wrong_first(daemon: Daemon) -> None:
    status = daemon.get("/status").json()
    assert status["version"] == __version__
    assert status["vault"]["alive"] is True
    assert status["counts"] == {state: int(state in {State.FRESH, State.MISCONFIGURED}) for state in State}
    broken, well = status["connections"]
    assert (broken["name"], broken["state"], well["name"], well["state"]) == (
        "broken",
        "misconfigured",
        "crm-prod",
        "fresh",
    )
    assert "'client_secret' is empty" in broken["error"]


def test_the_status_page_says_whether_the_promise_is_kept_and_what_helps_where_it_is_not(daemon: Daemon) -> None:
    answer = daemon.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    assert "The promise is broken for 1 of 2 connections." in answer.text
    assert "<strong>29 min 14 s</strong> left to live" in answer.text
    assert re.search(r"<span>\S+/zoho/credentials/broken</span> <span>FIELD=-</span>", answer.text)
