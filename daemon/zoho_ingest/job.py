"""One run: which modules are loaded, in which order, and how each of them ends.

Each module is a load of its own, and of a large one each export job. What was loaded is stored with dlt's state in one
step, so a run may be killed at any moment: the next one goes on after the last load that was whole.
"""

import fcntl
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import dlt
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.common.runtime import signals
from dlt.pipeline.exceptions import PipelineStepFailed

from zoho_ingest import export
from zoho_ingest.adobe import Adobe
from zoho_ingest.changes import State
from zoho_ingest.crm import Crm
from zoho_ingest.errors import CreditsSpent, IngestError, NeedsAPerson, ScopeMissing, TokenRefused, TryAgain, WrongUse
from zoho_ingest.source import zoho_crm
from zoho_tokend.reader import ReaderError

_SETTINGS: Final = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "LOAD__DELETE_COMPLETED_JOBS": "true",  # or records would stay in the folder of the state
}
# Below that, dlt logs what a destination says of a row, and that may show its values.
_LOG_LEVEL: Final = {"RUNTIME__LOG_LEVEL": "CRITICAL"}
# After these no other module would fare better.
_ENDS_THE_RUN: Final = (CreditsSpent, TokenRefused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be loaded, and whereto.

    Attributes:
        to: a destination as dlt names it; dlt's own configuration says where that is.
        dataset: as the destination calls it; None for the connection's name.
        state: the folder of dlt's working state; None for dlt's own choice.
        adobe: the session, where ``to`` is the streaming inlet, which keeps no state.
        first_load: modules without a state are loaded from their first record, also into a destination that keeps none.
    """

    connection: str
    modules: Sequence[str]
    to: str
    dataset: str | None = None
    state: Path | None = None
    exports: bool = True
    adobe: Adobe | None = None
    first_load: bool = False

    @property
    def name(self) -> str:
        """The pipeline's name: one for each connection and destination."""
        return re.sub(r"[^a-z0-9]+", "_", f"zoho_{self.connection}_{self.to}".lower())

    @property
    def folder(self) -> Path:
        """Where dlt keeps its working state."""
        return self.state or Path(get_dlt_pipelines_dir())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the load of one module ended.

    Attributes:
        rows: that were given to the destination, tombstones among them.
        calls: that Zoho answered.
        problem: why it is not whole; None where it is.
    """

    module: str
    rows: int
    calls: int
    seconds: float
    problem: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a run would do with a module.

    Attributes:
        how: ``changes``, ``pages`` for a first load, ``export``, or ``export under way``.
        since: the instant from which on changes are read; None for all.
        calls: that it takes at least.
    """

    module: str
    how: str
    since: str | None
    calls: int


def run(order: Order, crm: Crm, *, progress: bool = False) -> Iterator[Outcome]:
    """Load each module, and say how it ended.

    Raises:
        TryAgain: another run is under way.
        WrongUse: the organisation has no such module, or dlt no such destination.
        KeyboardInterrupt: SIGTERM or SIGINT came; what is loaded is whole.
        IngestError, ReaderError: nothing can be asked.
    """
    with alone(order), signals.intercepted_signals():
        pipeline = opened(order, progress=progress)
        check(order, crm)
        _finish_pending(pipeline, order)
        _decide(pipeline, order)
        for module in order.modules:
            signals.raise_if_signalled()
            outcome = _loaded(pipeline, order, crm, module)
            yield outcome
            if isinstance(outcome.problem, (*_ENDS_THE_RUN, ReaderError)):
                return


def plan(order: Order, crm: Crm) -> Iterator[Prospect]:
    """What a run would do now; nothing is loaded.

    Raises:
        WrongUse: the organisation has no such module, or dlt no such destination.
        IngestError, ReaderError: nothing can be asked.
    """
    pipeline = opened(order)
    check(order, crm)
    pipeline.sync_destination()
    for module in order.modules:
        state = state_of(pipeline, module)
        if progress := state.get("export"):
            yield Prospect(module=module, how="export under way", since=progress["created"], calls=5)
        elif since := state.get("since"):
            yield Prospect(module=module, how="changes", since=since, calls=3)
        elif order.exports and export.is_due(crm, module, state):
            yield Prospect(module=module, how="export", since=None, calls=8)
        else:
            yield Prospect(module=module, how="pages", since=None, calls=4)


def check(order: Order, crm: Crm) -> None:
    """The organisation has each of the modules.

    Raises:
        WrongUse: it has not.
    """
    known = {str(each.get("api_name")) for each in crm.modules()}
    for module in order.modules:
        if module not in known:
            raise WrongUse(f"the organisation has no module {module!r}: `zoho-ingest modules` lists those that it has")


def opened(order: Order, *, progress: bool = False) -> dlt.Pipeline:
    """The pipeline of this connection and destination; it reports to nobody, and keeps no record that is loaded.

    Raises:
        WrongUse: dlt does not know the destination, or cannot reach it as it is configured.
    """
    os.environ |= _LOG_LEVEL | os.environ | _SETTINGS
    how: Any = {"progress": "tqdm"} if progress else {}
    try:
        pipeline: dlt.Pipeline = dlt.pipeline(
            pipeline_name=order.name,
            pipelines_dir=str(order.folder),
            destination=order.adobe.destination() if order.adobe else order.to,
            dataset_name=order.dataset or re.sub(r"[^a-z0-9]+", "_", order.connection.lower()),
            **how,
        )
    except Exception as error:  # whatever a destination raises that is not installed or not configured
        raise WrongUse(f"dlt cannot open the destination {order.to!r} ({type(error).__name__}): {error}") from error
    return pipeline


@contextmanager
def alone(order: Order) -> Iterator[None]:
    """No other run of this connection and destination is under way on this machine.

    Raises:
        TryAgain: one is.
    """
    order.folder.mkdir(parents=True, exist_ok=True)
    with (order.folder / f"{order.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TryAgain(f"another run for {order.connection} to {order.to} is under way; nothing was done") from None
        yield


def state_of(pipeline: dlt.Pipeline, module: str) -> State:
    """What dlt keeps of the module; empty before its first load."""
    sources = cast("dict[str, Any]", pipeline.state.get("sources", {}))
    return cast("State", sources.get("zoho_crm", {}).get("resources", {}).get(module, {}))


def _loaded(pipeline: dlt.Pipeline, order: Order, crm: Crm, module: str) -> Outcome:
    began, calls, rows, problem = time.monotonic(), crm.calls, 0, None
    try:
        while True:
            source = zoho_crm(order.connection, [module], crm=crm, exports=order.exports, jobs_per_run=1)
            pipeline.run(source, loader_file_format=_format(pipeline, order))
            rows += _rows(pipeline, source.schema.naming.normalize_table_identifier(module))
            if "export" not in state_of(pipeline, module):
                break
            signals.raise_if_signalled()
    except PipelineStepFailed as failed:
        problem = _cause(failed, order)
    except (IngestError, ReaderError) as error:
        problem = error
    return Outcome(module=module, rows=rows, calls=crm.calls - calls, seconds=time.monotonic() - began, problem=problem)


def _finish_pending(pipeline: dlt.Pipeline, order: Order) -> None:
    """Load what a run that was killed had extracted; its state goes with it."""
    try:
        while pipeline.has_pending_data:
            pipeline.run()
    except PipelineStepFailed as failed:
        raise _cause(failed, order) from None


def _decide(pipeline: dlt.Pipeline, order: Order) -> None:
    """A destination that keeps no state cannot tell a first load from a lost volume, so a person does."""
    unknown = [module for module in order.modules if not state_of(pipeline, module)]
    if order.adobe and unknown and not order.first_load:
        raise WrongUse(
            f"there is no state of {', '.join(unknown)} in {order.folder}: this is a first load, or the state was "
            "lost; say --first-load to send every record, or bring the state back"
        )


def _format(pipeline: dlt.Pipeline, order: Order) -> Any:  # noqa: ANN401  # a literal of dlt's
    """Parquet where the destination takes it: it costs less memory and time than SQL."""
    taken = pipeline.destination.capabilities().supported_loader_file_formats or ()
    return "parquet" if "parquet" in taken and order.adobe is None else None


def _rows(pipeline: dlt.Pipeline, table: str) -> int:
    normalized = pipeline.last_trace.last_normalize_info if pipeline.last_trace else None
    return normalized.row_counts.get(table, 0) if normalized else 0


def _cause(failed: PipelineStepFailed, order: Order) -> Exception:
    """Our own error, or the reader's, inside those that dlt wraps around it; or one that says what dlt said."""
    error: BaseException | None = failed.exception
    while error is not None:
        if isinstance(error, (IngestError, ReaderError)):
            return error
        if isinstance(error, KeyboardInterrupt):
            raise error
        error = error.__cause__ or error.__context__
    if failed.step == "load" and order.adobe and order.adobe.problem:
        return order.adobe.problem
    kind = type(failed.exception).__name__
    return NeedsAPerson(
        f"dlt could not {failed.step} ({kind}): run again with RUNTIME__LOG_LEVEL=ERROR for the details, which may "
        "show values of records; nothing is lost"
    )


def scope_missing(crm: Crm, module: str) -> str | None:
    """The sentence that names the scope which the module lacks; None where the token opens it."""
    try:
        next(crm.pages(module, ("id",), since=None, most=1), None)
    except ScopeMissing as missing:
        return str(missing)
    return None
