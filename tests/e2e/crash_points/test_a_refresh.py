"""The daemon is killed at every await of a refresh, and another one is started in its place."""

import re
from contextlib import closing
from datetime import timedelta

import httpx
import pytest

from tests.crash_points.enumeration import Trial, killed_at_each_moment
from tests.crash_points.forked import Death, Forked
from tests.e2e.crash_points.conftest import NewSite
from tests.support.places.site import Site
from tests.support.samples.reader_samples import ago, record_fields
from tests.support.servers import crm
from zoho_simulator.rules.shapes import fingerprint

WORK = "Runner._work"
CRM = "crm-prod"
# Half an hour before its end, so that it is due; the next one is far from it.
DUE = timedelta(minutes=40)
FAR_AWAY = -timedelta(minutes=20)

LISTENS_AT = re.compile(r'"listen": "(http://127\.0\.0\.1:\d+)"')


@pytest.mark.timeout(1200)
def test_a_daemon_that_is_killed_at_any_await_of_a_refresh_loses_nothing(new_site: NewSite) -> None:
    def trial(moment: int) -> Trial:
        site = new_site()
        refresh_token = site.connect(CRM)
        published = record_fields(CRM, issued_at=ago(DUE))
        site.corner.put(f"tokens/{CRM}", **published)
        first = daemon(site, "first", Death(work=WORK, moment=moment))
        with closing(first):
            first.until(lambda: first.killed or "connection.refreshed" in first.told)
            killed = first.killed
        assert str(site.token(CRM)["expires_at"]) >= str(published["expires_at"]), first.last_moment
        landed = site.versions(CRM) > 1
        with closing(daemon(site, "second")) as second:
            second.until(lambda: has_settled(second))
        assert_nothing_is_lost(site, refresh_token, first.last_moment)
        issues = len(site.zoho.journal.requests(refresh_token=fingerprint(refresh_token)))
        assert issues == 1 or not landed, first.last_moment
        return Trial(moments=first.moments, killed=killed)

    killed_at_each_moment(trial)


def daemon(site: Site, name: str, death: Death | None = None) -> Forked:
    return Forked("run", environment=site.environment(), folder=site.folder / name, death=death)


def has_settled(daemon: Forked) -> bool:
    """Whether it knows the connection, and means to leave it alone for a long time."""
    listens = LISTENS_AT.search(daemon.told)
    if listens is None:
        return False
    rows = httpx.get(f"{listens[1]}/status", trust_env=False, timeout=60).json()["connections"]
    return any(row["state"] == "fresh" and row["next_refresh_at"] > ago(FAR_AWAY).isoformat() for row in rows)


def assert_nothing_is_lost(site: Site, refresh_token: str, moment: str) -> None:
    requests = site.zoho.journal.requests(refresh_token=fingerprint(refresh_token))
    assert [entry.outcome for entry in requests] in (["issued"], ["issued"] * 2), moment
    assert site.corner.fields(f"credentials/{CRM}")["refresh_token"] == refresh_token, moment
    assert site.versions(CRM) <= 1 + len(requests), moment
    expiries = [str(record["expires_at"]) for record in site.token_versions(CRM)]
    assert expiries == sorted(expiries), moment
    assert crm.takes(site.token(CRM)), moment
