"""Our commands as real processes: started as a person starts them, watched from outside, and none left behind."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
from prometheus_client.parser import text_string_to_metric_families

import zoho_tokend

T = TypeVar("T")

# No test proves a deadline by these: they end one that waits in vain, on a machine however busy.
PATIENCE = 120.0
_LONGEST_COMMAND = 120.0
_GLANCE = 0.05
_LISTENS_AT = re.compile(r"daemon\.started.*?listen\W+(http://127\.0\.0\.1:\d+)")


@dataclass(frozen=True)
class Launcher:
    """What stands before the arguments, and the environment that it needs."""

    words: Sequence[str]
    environment: Mapping[str, str]


# As strict as the tests themselves, about our own code and the libraries; the code that they import is what runs.
FROM_SOURCE = Launcher(
    (sys.executable, "-W", "error", "-m", "zoho_tokend"),
    {"PYTHONPATH": str(Path(zoho_tokend.__file__).parent.parent)},
)


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str


def open_command(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    stdin: int | None = None,
    launcher: Launcher = FROM_SOURCE,
) -> "subprocess.Popen[str]":
    """`zoho-tokend` with these arguments, begun."""
    command, whole = [*launcher.words, *arguments], {**launcher.environment, **(environment or {})}
    return subprocess.Popen(command, env=whole, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def call(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
    launcher: Launcher = FROM_SOURCE,
) -> Finished:
    """`zoho-tokend` with these arguments, and this text for its standard input, run to its end."""
    pipe = None if stdin is None else subprocess.PIPE
    with open_command(*arguments, environment=environment, stdin=pipe, launcher=launcher) as process:
        try:
            out, err = process.communicate(stdin, timeout=_LONGEST_COMMAND)
        finally:
            process.kill()
    return Finished(process.returncode, out, err)


class Program:
    """A command that runs, and what it has printed so far.

    Attributes:
        patience: how long anything is waited for, in seconds.
    """

    patience = PATIENCE

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        launcher: Launcher = FROM_SOURCE,
    ) -> None:
        self._out, self._err = folder / "stdout", folder / "stderr"
        command, whole = [*launcher.words, *arguments], {**launcher.environment, **environment}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(command, env=whole, stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def exit_code(self, *, within: float = PATIENCE) -> int:
        """The exit code, once it has ended."""
        try:
            return self._process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it still runs after {within:.0f} s\n{self.told}") from None

    def kill(self) -> None:
        if self.runs:
            self._process.kill()
        self._process.wait()

    def until(self, question: Callable[[], T | None], wish: str) -> T:
        """The first answer that is true; a program that ends, or takes too long, is a failure that shows its log."""
        deadline = time.monotonic() + self.patience
        while True:
            with suppress(httpx.TransportError):  # it has just ended, as is about to be told
                if answer := question():
                    return answer
            assert self.runs, f"it ended with {self._process.returncode} before {wish}\n{self.told}"
            assert time.monotonic() < deadline, f"not within {self.patience:.0f} s: {wish}\n{self.told}"
            time.sleep(_GLANCE)

    @property
    def told(self) -> str:
        return f"--- standard output ---\n{self.out}\n--- standard error ---\n{self.err}"


class Daemon(Program):
    """`zoho-tokend run`, from outside."""

    def __init__(self, environment: Mapping[str, str], folder: Path, launcher: Launcher = FROM_SOURCE) -> None:
        super().__init__(["run"], environment=environment, folder=folder, launcher=launcher)
        self._http = httpx.Client(trust_env=False, timeout=PATIENCE)
        self._address = ""

    @property
    def address(self) -> str:
        """Where it listens, as soon as its log tells."""
        if not self._address:
            found = self.until(lambda: _LISTENS_AT.search(self.out), "it says where it listens")
            self._address = found[1]
        return self._address

    def get(self, path: str) -> httpx.Response:
        return self._http.get(self.address + path)

    def is_ready(self) -> bool:
        return self.get("/readyz").status_code == httpx.codes.OK

    def until_ready(self) -> None:
        self.until(self.is_ready, "it is ready")

    def lines(self, event: str, **fields: object) -> list[dict[str, object]]:
        """The lines of its log, in JSON, that are of this event and have these fields."""
        lines: list[dict[str, object]] = [json.loads(line) for line in self.out.splitlines() if line.endswith("}")]
        return [line for line in lines if {**line, **fields} == line and line["event"] == event]

    def until_told(self, event: str, **fields: object) -> dict[str, object]:
        """The first such line of its log."""
        return self.until(lambda: self.lines(event, **fields), f"it logs {event} {fields}")[0]

    def connection(self, name: str) -> Mapping[str, object]:
        """The connection as /status tells it; empty while it is unknown."""
        answer = self._http.get(f"{self.address}/status", params={"search": name, "limit": 1000})
        rows = answer.json()["connections"]
        return next((row for row in rows if row["name"] == name), {})

    def until_state(self, name: str, state: str) -> Mapping[str, object]:
        """The connection, once /status tells that it is in this state."""

        def reached() -> Mapping[str, object] | None:
            connection = self.connection(name)
            return connection if connection.get("state") == state else None

        return self.until(reached, f"{name} is {state}")

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of this name that have these labels; there must be one."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        samples = [sample for family in families for sample in family.samples if sample.name == f"zoho_tokend_{name}"]
        values = [sample.value for sample in samples if {**sample.labels, **labels} == sample.labels]
        assert values, f"there is no {name} with {labels}"
        return sum(values)

    def stop(self) -> None:
        """It is told to stop, and stops without a complaint."""
        self.send(signal.SIGTERM)
        assert self.exit_code() == 0, self.told

    def hurry(self) -> None:
        """It is told to stop, and told again not to wait for anything."""
        self.send(signal.SIGTERM)
        self.until(lambda: "daemon.stopping" in self.out, "it begins to stop")
        self.send(signal.SIGTERM)
        self.exit_code()

    def close(self) -> None:
        self._http.close()
        self.kill()


@contextmanager
def running(environment: Mapping[str, str], folder: Path, launcher: Launcher = FROM_SOURCE) -> Iterator[Daemon]:
    """A daemon that runs until the block ends, at the latest."""
    with closing(Daemon(environment, folder, launcher)) as daemon:
        yield daemon
