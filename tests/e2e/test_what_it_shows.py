"""The endpoints of the real process, beside a connection that is well and one that is not."""

import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.places.site import Site, a_site
from tests.support.processes.process import Daemon
from tests.support.servers.openbao import Admin, new_corner, running
from tests.support.servers.relay_in_thread import relay_in_thread
from zoho_tokend import __version__
from zoho_tokend.core.facts import State
from zoho_tokend.core.model import NAME_RULE
from zoho_tokend.demo.openbao import OpenBao

READY = (
    "[+]settings ok\n[+]vault-session ok\n[+]discovery ok\n[+]leader-election ok\n[+]shutdown ok\nreadyz check passed\n"
)


@pytest.fixture(scope="module")
def daemon(admin: Admin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with a_site(new_corner(admin), tmp_path_factory.mktemp("site")) as site:
        site.connect("crm-prod")
        site.connect("broken", client_secret="")
        site.corner.put("credentials/crm prod", client_id="1000.X")
        site.corner.put("credentials/team/crm", client_id="1000.X")
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


def test_a_record_that_has_no_connections_name_is_shown_with_the_rule(daemon: Daemon) -> None:
    assert daemon.get("/status").json()["discovery"]["ill_named"] == {"crm prod": NAME_RULE, "team/": NAME_RULE}
    assert daemon.metric("ill_named_records") == 2
    assert [line["rule"] for line in daemon.lines("connection.ill_named")] == [NAME_RULE, NAME_RULE]
    page = unescape(daemon.get("/").text)
    assert "2 records under" in page
    assert f"“crm prod”, “team/”. Rename: {NAME_RULE}." in page


def test_a_vault_that_goes_away_is_shown_at_once_and_so_is_its_return(site: Site) -> None:
    site.connect("crm-prod")
    # Nothing is due and no discovery looks, so nothing but the page itself can find out.
    with (
        relay_in_thread(site.corner.address) as relay,
        site.daemon(VAULT_ADDR=relay.address, DISCOVERY_INTERVAL="1h") as daemon,
    ):
        daemon.until_state("crm-prod", "fresh")
        relay.cut()
        vault = daemon.until(lambda: _troubled(daemon), "/status says that Vault is away")
        assert (vault["alive"], str(vault["since"])[-1]) == (False, "Z")
        assert f"no connection to Vault at {relay.address}" in str(vault["error"])
        assert str(vault["error"]) in daemon.get("/").text
        assert daemon.is_ready()
        relay.mend()
        daemon.until(lambda: not _troubled(daemon), "/status says that Vault is back")


def test_a_vault_that_is_sealed_is_called_so_at_once(server_of_its_own: OpenBao, tmp_path: Path) -> None:
    with closing(Admin(server_of_its_own)) as root, a_site(new_corner(root), tmp_path) as site:
        site.connect("crm-prod")
        with site.daemon(DISCOVERY_INTERVAL="1h") as daemon:
            daemon.until_state("crm-prod", "fresh")
            root.ask("POST", "sys/seal")
            vault = daemon.until(lambda: _troubled(daemon), "/status says that Vault is sealed")
            assert vault["error"] == f"Vault at {server_of_its_own.address} is sealed"
            assert daemon.is_ready()


@pytest.fixture
def server_of_its_own() -> Iterator[OpenBao]:
    """For a test that leaves it unusable."""
    yield from running(OpenBao())


def _troubled(daemon: Daemon) -> dict[str, object]:
    vault: dict[str, object] = daemon.get("/status").json()["vault"]
    return vault if vault["error"] else {}


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
    assert "The promise is kept, but 1 of 2 connections has no good token." in answer.text
    assert "<strong>29 min 14 s</strong> left to live" in answer.text
    assert re.search(r"<span>\S+/zoho/credentials/broken</span> <span>FIELD=-</span>", answer.text)
