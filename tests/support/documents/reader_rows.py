"""The ways to read a token: how old what each holds may be, what is left of it, and how that was proved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from zoho_tokend.core.policy import Policy
from zoho_tokend.reader.decision import LONGEST_REST

READERS = Path(__file__).parents[3] / "deploy" / "readers"

MINUTE = timedelta(minutes=1)
AT_ONCE = timedelta()
# The kubelet's sync period and the delay of its cache:
# https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-files-from-a-pod
KUBELET = 2 * MINUTE


@dataclass(frozen=True, kw_only=True)
class Row:
    """One way to read a token.

    Attributes:
        file: in `deploy/readers/`; None for what is a library's.
        poll: how long it goes without asking Vault; nothing where it asks whenever it needs a token.
        way: how long what it read, or what it reads, takes to come there.
        held: how long the job goes on with it.
        asks: when it asks Vault, where its poll period does not tell all.
        test: the test that runs the real client.
        tried: how it was tried by hand, where no test runs it.
        not_run: why it was not run.
    """

    reader: str
    file: str | None = None
    poll: timedelta
    way: timedelta = AT_ONCE
    held: timedelta = AT_ONCE
    asks: str | None = None
    test: str | None = None
    tried: str | None = None
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
        assert self.file
        return READERS / self.file


def _python(reader: str, *, asks: str = "as its reader does", **proof: str) -> Row:
    """Whatever gets its tokens of a TokenReader."""
    return Row(reader=reader, poll=timedelta(seconds=LONGEST_REST), asks=asks, **proof)  # type: ignore[arg-type]


PYTHON_ROWS = (
    _python(
        "Python: `TokenReader`, `AsyncTokenReader`",
        asks=f"every {LONGEST_REST:.0f} s, as soon as a newer token may be there",
        test="test_a_reader_follows_three_replacements",
    ),
    _python(
        "httpx: `ZohoAuth`; requests: `ZohoRequestsAuth`",
        asks="as their reader does, and when Zoho says that the token is dead",
        test="test_a_token_that_died_before_its_time_is_replaced_by_vaults_newer_one",
    ),
    _python("Zoho's SDK `zohocrmsdk8-0`", test="test_a_token_that_is_replaced_in_mid_run_is_used_by_the_next_call"),
    _python("pandas", tried="with pandas 3.1.1"),
    _python("dlt", test="test_the_rest_api_source_reads_with_an_authentication_of_ours"),
    _python("Airflow, `TokenReader` in a task", tried="with Airflow 3.3.2"),
    Row(
        reader="Airflow, its secrets backend `VaultBackend`",
        poll=AT_ONCE,
        way=2 * Policy().sweep_interval,
        tried="with Airflow 3.3.2 and its provider for HashiCorp 4.8.4; what that asks for is read in "
        "`test_a_connection_and_a_variable_of_airflow_follow_three_replacements`",
    ),
)
FILE_ROWS = (
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


ROWS = (*PYTHON_ROWS, *FILE_ROWS)


def readers_table() -> str:
    """The rows, as a Markdown table."""
    heads = ("reader", "file", "asks Vault", "the job has it after", "keeps it for", "least life", "how it was proved")
    return _table(heads, map(_cells, ROWS))


def _cells(row: Row) -> Sequence[str]:
    period = f"every {_span(row.poll)}" if row.poll else "at each use"
    return (
        row.reader,
        f"[`{row.file}`](../deploy/readers/{row.file})" if row.file else "",
        row.asks or period,
        _span(row.way),
        _span(row.held),
        f"{row.least_life // MINUTE} min",
        _proof(row),
    )


def _proof(row: Row) -> str:
    if row.test:
        return f"`{row.test}`"
    return f"by hand, {row.tried}" if row.tried else f"not run here: {row.not_run}"


def _span(span: timedelta) -> str:
    if not span:
        return ""
    return f"{span // MINUTE} min" if not span % MINUTE else f"{span.total_seconds():.0f} s"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
