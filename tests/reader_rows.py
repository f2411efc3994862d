"""The readers of `deploy/readers/`: how old what each holds may be, what is left of it, and how that was proved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from zoho_tokend.core.policy import Policy

READERS = Path(__file__).parent.parent / "deploy" / "readers"

MINUTE = timedelta(minutes=1)
AT_ONCE = timedelta()
# The kubelet's sync period and the delay of its cache:
# https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-files-from-a-pod
KUBELET = 2 * MINUTE


@dataclass(frozen=True, kw_only=True)
class Row:
    """One way to read a token.

    Attributes:
        poll: how long it goes without asking Vault; nothing where it asks whenever it needs a token.
        way: how long what it read takes to reach the job.
        held: how long the job goes on with it.
        test: the test that runs the real client.
        not_run: why there is none.
    """

    reader: str
    file: str
    poll: timedelta
    way: timedelta = AT_ONCE
    held: timedelta = AT_ONCE
    test: str | None = None
    not_run: str | None = None

    @property
    def staleness(self) -> timedelta:
        """How old what the job holds may be, at the worst."""
        return self.poll + self.way + self.held

    @property
    def least_life(self) -> timedelta:
        """What is left, at the default settings, of the token that the job holds."""
        return Policy().floor - self.staleness

    @property
    def path(self) -> Path:
        return READERS / self.file


ROWS = (
    Row(
        reader="agent of Vault or OpenBao, on a machine",
        file="agent.hcl",
        poll=5 * MINUTE,
        test="test_the_agent_follows_three_replacements",
    ),
    Row(
        reader="Vault Agent Injector",
        file="vault-agent-injector.yaml",
        poll=5 * MINUTE,
        not_run="the injector needs a cluster; its templates are rendered by the real agent in "
        "`test_the_injectors_templates_are_rendered_by_the_agent`",
    ),
    Row(
        reader="Vault Secrets Operator, mounted",
        file="vault-static-secret.yaml",
        poll=MINUTE,
        way=KUBELET,
        not_run="the operator needs a cluster; the fields were compared with its CRDs",
    ),
    Row(
        reader="External Secrets Operator, mounted",
        file="external-secret.yaml",
        poll=5 * MINUTE,
        way=KUBELET,
        not_run="the operator needs a cluster; the fields were compared with its CRDs",
    ),
    Row(
        reader="Secrets Store CSI Driver, rotation on",
        file="secret-provider-class.yaml",
        poll=2 * MINUTE,
        way=2 * MINUTE,
        not_run="the driver needs a cluster; the fields were compared with its CRD",
    ),
    Row(
        reader="CronJob with `bao kv get`",
        file="cronjob.yaml",
        poll=AT_ONCE,
        held=20 * MINUTE,
        test="test_the_cron_jobs_two_commands_reach_the_crm",
    ),
    Row(
        reader="`curl`",
        file="with-curl.sh",
        poll=AT_ONCE,
        held=MINUTE,
        test="test_the_script_prints_what_the_crm_answers",
    ),
)


def readers_table() -> str:
    """The rows, as a Markdown table."""
    heads = ("reader", "file", "asks Vault", "the job has it after", "keeps it for", "least life", "how it was proved")
    return _table(heads, map(_cells, ROWS))


def _cells(row: Row) -> Sequence[str]:
    return (
        row.reader,
        f"[`{row.file}`](../../deploy/readers/{row.file})",
        f"every {_span(row.poll)}" if row.poll else "at each use",
        _span(row.way),
        _span(row.held),
        f"{row.least_life // MINUTE} min",
        f"`{row.test}`" if row.test else f"not run here: {row.not_run}",
    )


def _span(span: timedelta) -> str:
    return f"{span // MINUTE} min" if span else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
