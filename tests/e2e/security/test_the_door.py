"""What strangers do at the daemon's address while it refreshes."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import pytest

from tests.support.places.site import BRISK, BRISK_LIFETIME, Site, a_site
from tests.support.processes.process import Daemon
from tests.support.servers.openbao import Corner

CROWD = 10_000


@pytest.fixture
def site(corner: Corner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with a_site(corner, tmp_path_factory.mktemp("site"), lifetime=BRISK_LIFETIME) as site:
        yield site


@pytest.fixture
def daemon(site: Site) -> Iterator[Daemon]:
    """A daemon that replaces its one token every two seconds, and may open no more files than a container's usual."""
    site.connect("crm")
    with site.daemon(**BRISK) as daemon:
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (1024, 1024))
        daemon.until(lambda: site.has_token("crm"), "the first token is there")
        yield daemon


def until_refreshed(site: Site, daemon: Daemon, times: int = 2) -> None:
    """So many more refreshes have ended well."""
    wanted = site.versions("crm") + times
    daemon.until(lambda: site.versions("crm") >= wanted, f"{times} more refreshes")


def door(daemon: Daemon) -> tuple[str, int]:
    address = urlsplit(daemon.address)
    return address.hostname or "", address.port or 0


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process may open as many files as its hard limit allows."""
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < CROWD + 500:
        pytest.skip(f"no process here may open more than {most} files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (CROWD + 500, most))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))


@pytest.mark.usefixtures("many_files")
def test_ten_thousand_idle_connections_hinder_neither_probes_nor_refreshes(site: Site, daemon: Daemon) -> None:
    with ExitStack() as crowd:
        for _ in range(CROWD):
            crowd.enter_context(socket.create_connection(door(daemon)))
        daemon.until(lambda: daemon.get("/livez").status_code == 200, "a probe is answered")
        until_refreshed(site, daemon)
        daemon.until_ready()


def test_heads_that_come_a_byte_at_a_time_hinder_nothing(site: Site, daemon: Daemon) -> None:
    with ExitStack() as crowd:
        slow = [crowd.enter_context(socket.create_connection(door(daemon))) for _ in range(500)]
        for byte in b"GET /livez HT":
            for each in slow:
                with suppress(ConnectionError):
                    each.send(bytes([byte]))
        daemon.until(lambda: daemon.get("/livez").status_code == 200, "a probe is answered")
        until_refreshed(site, daemon)
