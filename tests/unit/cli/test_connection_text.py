"""The list of connections as text: whole for programs, in columns that fit for people."""

from datetime import timedelta

import click

from tests.support.samples.builders import NOON
from zoho_tokend.cli.connection_view import summary_lines
from zoho_tokend.core.facts import State
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.operations.snapshot import Summary

LONG = "a-name-that-is-much-longer-than-what-there-is-room-for-in-a-terminal"
PROBLEM = "secret/zoho/credentials/broken: the field 'client_secret' is empty, and so it is not asked for a token"


def a_glance(name: str, state: State = State.FRESH, problem: str | None = None) -> Summary:
    return Summary(
        name=ConnectionName(name),
        state=state,
        problem=problem,
        version=3,
        data_center="eu",
        client="app",
        expires_at=NOON + timedelta(minutes=42),
    )


GLANCES = [a_glance("crm-prod"), a_glance(LONG), a_glance("broken", State.MISCONFIGURED, PROBLEM)]


def told(width: int | None) -> list[str]:
    return [click.unstyle(line) for text in summary_lines(GLANCES, NOON, width=width) for line in text.splitlines()]


def test_a_program_gets_one_line_for_each_and_its_problem_in_one_line_below() -> None:
    _heading, crm, long, broken, problem = told(None)
    assert long.split()[:2] == [LONG, "fresh"]
    assert crm.index("fresh") == long.index("fresh") == broken.index("misconfigured")
    assert problem.strip() == PROBLEM


def test_at_a_terminal_no_line_is_too_wide_and_a_long_name_has_one_of_its_own() -> None:
    lines = told(80)
    assert max(map(len, lines)) <= 80
    assert lines[lines.index(LONG) + 1].split() == ["fresh", "42", "min", "3", "eu", "app"]
    assert {line.index("fresh") for line in lines if " fresh" in line} == {lines[0].index("STATE")}
    assert PROBLEM in " ".join(" ".join(lines).split())
