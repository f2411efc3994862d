import shlex
from typing import Any

import click
import pytest

from tests.support.samples.fact_samples import a_row
from zoho_tokend.cli import main
from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.facts import State
from zoho_tokend.web.remedy import remedy

AUTHORIZE = "zoho-tokend authorize web --replace crm-prod"
FAILURES = [outcome for outcome in Outcome if outcome not in {Outcome.SUCCESS, Outcome.ADOPTED}]


def command(state: State, outcome: Outcome | None, name: str = "crm-prod") -> str:
    found = remedy(a_row(name, state, outcome=outcome), credentials="secret/zoho/credentials")
    assert found is not None
    return found.command


@pytest.mark.parametrize(
    ("state", "outcome", "expected"),
    [
        (State.NEEDS_CONSENT, Outcome.GRANT_REJECTED, AUTHORIZE),
        (State.FAILING, Outcome.GRANT_REJECTED, AUTHORIZE),
        (State.MISCONFIGURED, Outcome.CLIENT_REJECTED, "zoho-tokend connections show crm-prod"),
        (State.MISCONFIGURED, Outcome.RECORD_UNREADABLE, "vault kv patch secret/zoho/credentials/crm-prod FIELD=-"),
        (State.MISCONFIGURED, Outcome.VAULT_FORBIDDEN, "zoho-tokend doctor"),
        (State.FAILING, Outcome.VAULT_UNAVAILABLE, "zoho-tokend doctor"),
        (State.UNSAVED, Outcome.VAULT_UNAVAILABLE, "zoho-tokend doctor"),
        (State.UNSAVED, None, "zoho-tokend doctor"),
        (State.THROTTLED, Outcome.THROTTLED, "zoho-tokend connections show crm-prod"),
        (State.FAILING, Outcome.ZOHO_UNAVAILABLE, "zoho-tokend refresh crm-prod"),
        (State.EXPIRED, Outcome.ZOHO_UNAVAILABLE, "zoho-tokend refresh crm-prod"),
        (State.EXPIRED, None, "zoho-tokend refresh crm-prod"),
    ],
)  # fmt: skip
def test_each_trouble_has_a_command(state: State, outcome: Outcome | None, expected: str) -> None:
    assert command(state, outcome) == expected


@pytest.mark.parametrize("state", [State.FRESH, State.REFRESHING, State.PENDING])
def test_what_is_well_needs_none(state: State) -> None:
    assert remedy(a_row(state=state), credentials="secret/zoho/credentials") is None


@pytest.mark.parametrize("outcome", FAILURES)
def test_a_name_is_one_word_to_a_shell_whatever_it_holds(outcome: Outcome) -> None:
    words = shlex.split(command(State.FAILING, outcome, "a b;$(rm)"))
    assert any(word.endswith("a b;$(rm)") for word in words) or words[-1] == "doctor"


@pytest.mark.parametrize("name", ["crm-prod", "-odd", "--help"])
@pytest.mark.parametrize("outcome", [outcome for outcome in FAILURES if outcome is not Outcome.RECORD_UNREADABLE])
def test_a_command_of_ours_is_understood_as_it_is_written(name: str, outcome: Outcome) -> None:
    parameters = parsed(shlex.split(command(State.FAILING, outcome, name)))
    assert name in (parameters.get("name"), parameters.get("connection")) or parameters.keys() == {"as_json"}


def parsed(words: list[str]) -> dict[str, Any]:
    """The parameters of the command of ours that these words call; click complains where they call none."""
    found: click.Command = main
    words = words[1:]
    while isinstance(found, click.Group):
        deeper = found.get_command(click.Context(found), words[0])
        assert deeper is not None, words
        found, words = deeper, words[1:]
    return found.make_context("command", words).params
