"""`authorize` is killed at every await while it replaces a consent by a new one, and is begun anew."""

import signal
from contextlib import closing

import pytest

from tests.crash_points.enumeration import Trial, killed_at_each_moment
from tests.crash_points.forked import Death, Forked
from tests.e2e.crash_points.conftest import NewSite
from tests.support.people.consent_desk import Desk, a_desk
from tests.support.servers import crm
from zoho_simulator import Client, Zoho

WORK = "_simple"
CRM = "crm-prod"
ONE_PROOF, ONE_EXTRA = 1, 1
COMMAND = ("authorize", "self-client", CRM, "--client=app", "--replace", "--revoke-old")


@pytest.mark.timeout(1200)
def test_an_authorization_that_is_killed_at_any_await_leaves_a_credential_that_works(new_site: NewSite) -> None:
    def trial(moment: int) -> Trial:
        site = new_site()
        desk = a_desk(site, site.folder)
        application = desk.registered()
        replaced = site.zoho.consent(application)
        site.corner.put(f"credentials/{CRM}", client="app", refresh_token=replaced)
        with closing(authorizing(desk, application, "first", Death(work=WORK, moment=moment))) as first:
            assert first.end() in {0, -signal.SIGKILL}, first.told
        assert_the_credential_works(desk, first.last_moment)
        with closing(authorizing(desk, application, "second")) as second:
            assert second.end() == 0, (first.last_moment, second.told)
        assert_the_credential_works(desk, first.last_moment)
        assert issues(desk, application) <= ONE_PROOF + ONE_EXTRA, first.last_moment
        assert crm.takes(site.token(CRM)), first.last_moment
        return Trial(moments=first.moments, killed=first.killed)

    killed_at_each_moment(trial)


def authorizing(desk: Desk, application: Client, name: str, death: Death | None = None) -> Forked:
    """The command, and all that the person types: a code that is good for one use."""
    code = desk.site.zoho.grant_code(application)
    return Forked(
        *COMMAND, environment=desk.environment(), folder=desk.site.folder / name, typed=f"{code}\n", death=death
    )


def assert_the_credential_works(desk: Desk, moment: str) -> None:
    """What stands in Vault is whole, old or new, and Zoho knows it."""
    credential = desk.credential()
    assert credential["client"] == "app", moment
    assert is_alive(desk.site.zoho, str(credential["refresh_token"])), moment


def is_alive(zoho: Zoho, refresh_token: str) -> bool:
    try:
        zoho.evict(refresh_token, count=0)
    except ValueError:
        return False
    return True


def issues(desk: Desk, application: Client) -> int:
    """How many access tokens its refresh tokens brought."""
    requests = desk.site.zoho.journal.requests(client_id=application.client_id)
    return sum(entry.grant_type == "refresh_token" and entry.outcome == "issued" for entry in requests)
