"""Zoho's accounts server is away, slow, or says strange things."""

from tests.reliability.hall import Hall
from tests.reliability.scenario import Scenarios
from tests.reliability.stage import Stage
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
    truncated_json,
)

SLOW_SECONDS = 12
# One of each kind, and then from the first again: the wrong answers that Zoho has been seen to give, and worse.
LIES = then(
    html(), general_error(), error("invalid_code"), truncated_json(), html_502(), empty(), redirect(), cut_off()
)

SCENARIOS = Scenarios()


@SCENARIOS.scenario("Zoho is dead: every connection ends without a byte")
def zoho_dead(hall: Hall) -> Stage:
    return through(hall, always(drop()))


@SCENARIOS.scenario("Zoho is silent: it takes every request, and never answers")
def zoho_silent(hall: Hall) -> Stage:
    return through(hall, always(hang(seconds=60)))


@SCENARIOS.scenario("Zoho lies: pages in place of JSON, half answers, a refusal that is none, redirects")
def zoho_lying(hall: Hall) -> Stage:
    return through(hall, LIES)


@SCENARIOS.scenario(f"Zoho is slow: every answer takes {SLOW_SECONDS} s")
def zoho_slow(hall: Hall) -> Stage:
    return through(hall, always(delayed(seconds=SLOW_SECONDS)))


def through(hall: Hall, script: Script) -> Stage:
    """The stage, after an outage in which Zoho answers so."""
    stage = hall.stage(hall.site(hall.vault()))
    with stage.fault():
        stage.site.zoho.fault(script)
        stage.sit_it_out()
        stage.site.zoho.clear_faults()
    return stage
