"""How the process stops: what is under way ends and is saved, nothing is left behind, and it can be hurried."""

import signal

from tests.support.places.daemon_role import DaemonRole
from tests.support.places.site import Site
from zoho_simulator.faults import delayed

SLOW = 8.0
# A daemon waits up to 45 seconds for what is under way. One that has nothing to wait for ends long before.
LESS_THAN_THE_GRACE = 30.0


def test_sigterm_lets_a_slow_refresh_end_saves_its_token_and_revokes_the_session(site: Site) -> None:
    site.connect("crm-prod")
    site.zoho.fault(delayed(SLOW))
    role = DaemonRole(site.corner)
    with site.daemon(**role.settings) as daemon:
        daemon.until(site.zoho.journal.requests, "Zoho is asked")
        assert daemon.is_ready()
        assert role.has_logins()
        daemon.send(signal.SIGTERM)
        daemon.until(lambda: daemon.get("/readyz").status_code == 503, "it is no longer ready")
        assert "[-]shutdown failed: stopping" in daemon.get("/readyz").text
        assert daemon.get("/livez").text == "ok"
        assert not site.has_token("crm-prod")
        assert daemon.exit_code() == 0
        assert site.has_token("crm-prod")
        assert not role.has_logins()
        assert daemon.lines("daemon.stopping", in_flight=1)
        assert daemon.lines("daemon.stopped", in_flight=0, unsaved=0)
    assert len(site.zoho.journal.requests()) == 1


def test_sigterm_ends_an_idle_daemon_within_seconds_and_starts_no_refresh(site: Site) -> None:
    site.connect("crm-prod")
    with site.daemon() as daemon:
        daemon.until_state("crm-prod", "fresh")
        daemon.send(signal.SIGTERM)
        assert daemon.exit_code(within=LESS_THAN_THE_GRACE) == 0
        assert daemon.err == ""
    assert len(site.zoho.journal.requests()) == 1


def test_ctrl_c_is_as_good_as_sigterm(site: Site) -> None:
    with site.daemon() as daemon:
        daemon.until_ready()
        daemon.send(signal.SIGINT)
        assert daemon.exit_code(within=LESS_THAN_THE_GRACE) == 0
        assert daemon.err == ""


def test_a_second_sigterm_ends_it_at_once(site: Site) -> None:
    site.connect("crm-prod")
    site.zoho.fault(delayed(60))
    with site.daemon() as daemon:
        daemon.until(site.zoho.journal.requests, "Zoho is asked")
        daemon.send(signal.SIGTERM)
        daemon.until_told("daemon.stopping")
        daemon.send(signal.SIGTERM)
        assert daemon.exit_code(within=LESS_THAN_THE_GRACE) == 1


def test_sigterm_while_vault_is_still_awaited_ends_it(site: Site) -> None:
    with site.daemon(VAULT_ADDR="http://127.0.0.1:9") as daemon:
        daemon.until_told("login.unavailable")
        daemon.send(signal.SIGTERM)
        assert daemon.exit_code(within=LESS_THAN_THE_GRACE) == 0
