"""Zoho's accounts server is away, slow, or says strange things."""

from datetime import datetime, timedelta
from typing import Final

from tests.reliability.hall import Hall
from tests.reliability.scenario import Scenarios
from tests.reliability.stage import CONNECTION, POLICY, Delayed, Stage
from tests.support.people.operator_shell import OperatorShell
from zoho_simulator.faults import (
    Script,
    always,
    cut_off,
    delayed,
    drop,
    empty,
    error,
    general_error,
    hang,
    html,
    html_502,
    redirect,
    then,
    throttled,
    truncated_json,
)
from zoho_tokend.core.policy import Policy

SLOW_SECONDS: Final = 12
# One of each kind: the wrong answers that Zoho has been seen to give, and worse. A refusal is a scenario of its own.
LIES: Final = then(html(), general_error(), truncated_json(), html_502(), empty(), redirect(), cut_off())
HANGING, WELL = 200, 20
# A refusal is confirmed after a minute, and tried again a minute after that at the earliest: 45 s before the expiry.
REFUSED_LIFETIME: Final = timedelta(seconds=210)
# The fifth failure is the first that the back-off alone would follow by a longer wait than the budget's pace.
DEAD_LIFETIME: Final = timedelta(minutes=1)
DEAD_TRIES: Final = 5
QUICKEST: Final = Policy(refresh_at=POLICY.refresh_at, issues_per_ten_minutes=10)
_A_SWEEP: Final = timedelta(seconds=1)

SCENARIOS = Scenarios()


@SCENARIOS.scenario("Zoho is dead: every connection ends without a byte")
def zoho_dead(hall: Hall) -> Stage:
    return through(hall, always(drop()))


@SCENARIOS.scenario("Zoho is silent: it takes every request, and never answers")
def zoho_silent(hall: Hall) -> Stage:
    return through(hall, always(hang(seconds=60)))


@SCENARIOS.scenario("Zoho lies: pages in place of JSON, half answers, unknown errors, redirects")
def zoho_lying(hall: Hall) -> Stage:
    return through(hall, LIES)


@SCENARIOS.scenario(
    "Zoho refuses a good refresh token (`invalid_code`): twice, so that the connection is parked and pages", long=True
)
def zoho_refusing(hall: Hall) -> Stage:
    stage = hall.stage(hall.site(lifetime=REFUSED_LIFETIME))
    with stage.fault():
        stage.site.zoho.fault(always(error("invalid_code")))
        stage.sit_it_out()
        assert stage.daemon.lines("connection.parked", connection=CONNECTION), stage.daemon.told
        stage.site.zoho.clear_faults()
    return stage


@SCENARIOS.scenario(f"Zoho is slow: every answer takes {SLOW_SECONDS} s")
def zoho_slow(hall: Hall) -> Stage:
    return through(hall, always(delayed(seconds=SLOW_SECONDS)))


@SCENARIOS.scenario(
    f"Zoho is dead until the token has ended and {DEAD_TRIES} tries have failed; with a budget of 10 in ten minutes "
    "the next one comes within 60 s",
    outlasts_floor=True,
    long=True,
)
def zoho_dead_for_long(hall: Hall) -> Stage:
    stage = hall.stage(hall.site(lifetime=DEAD_LIFETIME), policy=QUICKEST)

    def failed_often() -> bool:
        row = stage.daemon.connection(CONNECTION)
        return row["failures"] == DEAD_TRIES and row["next_refresh_at"] is not None

    with stage.fault():
        stage.site.zoho.fault(always(drop()))
        stage.until(failed_often, f"{DEAD_TRIES} tries have failed")
        row = stage.daemon.connection(CONNECTION)
        stage.site.zoho.clear_faults()
    assert row["state"] == "expired"
    wait = datetime.fromisoformat(str(row["next_refresh_at"])) - datetime.fromisoformat(str(row["last_attempt_at"]))
    assert wait <= QUICKEST.pace + _A_SWEEP, row
    return stage


@SCENARIOS.scenario(
    "Zoho throttles the connection, which then waits for ten minutes; a person's `zoho-tokend refresh` gets a token, "
    "and the daemon knows it after one look at Vault"
)
def refreshed_by_a_person(hall: Hall) -> Stage:
    stage = hall.stage(hall.site(), LOG_LEVEL="debug")
    shell = OperatorShell(stage.site)
    with stage.fault():
        stage.site.zoho.fault(throttled())
        stage.daemon.until_told("refresh.failed", connection=CONNECTION)
        done = shell("refresh", CONNECTION)
        looks = len(stage.daemon.lines("discovery.ended"))
        assert done.code == 0, done.err
    stage.daemon.until_told("record.followed", connection=CONNECTION)
    before, _, _ = stage.daemon.out.partition('"record.followed"')
    # The look that was under way may have passed the connection by.
    assert before.count('"discovery.ended"') <= looks + 1, stage.daemon.told
    return stage


@SCENARIOS.scenario(
    f"The daemon is restarted while one of two accounts servers hangs, where {HANGING} connections without a token "
    f"wait; {WELL} connections more have the other one"
)
def restart_beside_a_hanging_server(hall: Hall) -> Stage:
    site = hall.site()
    well = [CONNECTION, *(f"well-{number}" for number in range(WELL))]
    for name in well[1:]:
        site.connect(name)
    stage = hall.stage(site)
    for name in well:
        stage.daemon.until_state(name, "fresh")
    site.zoho.fault(always(hang(seconds=60)), data_center="us")
    for number in range(HANGING):
        site.connect(f"hanging-{number}", data_center="us")
    with stage.fault():
        stage.daemon.kill()
        stage.daemon = stage.start_daemon()
        stage.sit_it_out()
        site.zoho.clear_faults()
    least = min(site.least_life(name) for name in well)
    if least < stage.floor:
        raise Delayed(f"a connection of the well server had {least} left, and the floor is {stage.floor}")
    stage.remark = f"none of the {WELL} had less than {least.total_seconds():.0f} s left"
    return stage


def through(hall: Hall, script: Script) -> Stage:
    """The stage, after an outage in which Zoho answers so."""
    stage = hall.stage(hall.site())
    with stage.fault():
        stage.site.zoho.fault(script)
        stage.sit_it_out()
        stage.site.zoho.clear_faults()
    return stage
