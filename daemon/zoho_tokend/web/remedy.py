"""The remedy for an unhealthy connection: who must do what, and the command for it. Pure.

A command is complete except for words in CAPITALS, which the daemon does not know. Secrets are read from standard input
(``-``), so that they do not stay in the shell's history.
"""

import shlex
from dataclasses import dataclass

from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.facts import HEALTHY, ConnectionFacts, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What to do.

    Attributes:
        advice: for a person, in a sentence or two.
        command: does it, or shows more.
    """

    advice: str
    command: str


def remedy(row: ConnectionFacts, *, credentials: str) -> Remedy | None:
    """Return the remedy for this connection; None where nothing is wrong.

    Args:
        credentials: the path under which the credentials lie, as ``vault kv get`` takes it.
    """
    if row.state is State.UNSAVED:
        return Remedy(
            advice="Nothing is lost: the token is held and written again. See what keeps Vault from taking it.",
            command="zoho-tokend doctor",
        )
    if row.outcome is None:
        return None if row.state in HEALTHY | {State.PENDING} else _try_now(row)
    if row.state is State.NEEDS_CONSENT or row.outcome is Outcome.GRANT_REJECTED:
        return Remedy(
            advice="Authorize it again, in the browser as here or the way that fits its client.",
            command=f"zoho-tokend authorize web --replace {_operand(row.name)}",
        )
    return _by_outcome(row, row.outcome, credentials)


def _by_outcome(row: ConnectionFacts, outcome: Outcome, credentials: str) -> Remedy:
    match outcome:
        case Outcome.REVOKED:
            return Remedy(
                advice="Its grant was ended on purpose. Authorize it again to use it, or remove it.",
                command=f"zoho-tokend connections remove {_operand(row.name)}",
            )
        case Outcome.CLIENT_REJECTED:
            return Remedy(
                advice="See which client it has, and give that the id and secret of Zoho's API console.",
                command=f"zoho-tokend connections show {_operand(row.name)}",
            )
        case Outcome.RECORD_UNREADABLE:
            where = shlex.quote(f"{credentials}/{row.name}")
            return Remedy(
                advice="Correct the field; the command reads its value from standard input.",
                command=f"vault kv patch {where} FIELD=-",
            )
        case Outcome.CLIENT_NOT_ALLOWED:
            return Remedy(
                advice="Name the connection in the client's record, or another client in its credential.",
                command=f"zoho-tokend connections show {_operand(row.name)}",
            )
        case Outcome.VAULT_FORBIDDEN:
            return Remedy(
                advice="Load the policy that “zoho-tokend policy daemon” prints. The command says what it lacks.",
                command="zoho-tokend doctor",
            )
        case Outcome.VAULT_UNAVAILABLE:
            return Remedy(
                advice="It is tried again by itself. See what Vault lacks, if it lasts.", command="zoho-tokend doctor"
            )
        case Outcome.THROTTLED:
            return Remedy(
                advice="It is tried again by itself. If it comes back, something else uses the same refresh token.",
                command=f"zoho-tokend connections show {_operand(row.name)}",
            )
        case _:
            return _try_now(row)


def _try_now(row: ConnectionFacts) -> Remedy:
    return Remedy(
        advice="It is tried again by itself. The command tries at once.",
        command=f"zoho-tokend refresh {_operand(row.name)}",
    )


def _operand(name: str) -> str:
    """Return the name as the last argument of a command, safe also where it begins with a hyphen."""
    quoted = shlex.quote(name)
    return f"-- {quoted}" if name.startswith("-") else quoted
