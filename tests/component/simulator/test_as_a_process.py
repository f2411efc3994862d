import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import zoho_simulator
from zoho_simulator.shell.server import listening_socket

SOURCE = Path(zoho_simulator.__file__).parent.parent


@contextmanager
def simulator(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-W", "error", "-m", "zoho_simulator", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_it_says_where_it_is_serves_what_the_seed_says_and_stops_cleanly(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    consent = {"client": "jobs", "refresh_token": "1000.aa.bb", "user": "ann@example.com"}
    seed.write_text(json.dumps({"clients": [{"name": "jobs", "home": "eu"}], "consents": [consent]}))
    with simulator("-d", "us", "-d", "eu", "--lifetime", "3m", "--seed", str(seed)) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        client = ready["seeded"]["clients"][0]
        form = {**client, "grant_type": "refresh_token", "refresh_token": "1000.aa.bb"}
        answer = httpx.post(
            f"{ready['data_centers']['eu']['accounts_server']}/oauth/v2/token", data=form, timeout=60
        ).json()
        assert answer["expires_in"] == 180
        assert answer["api_domain"] == ready["data_centers"]["eu"]["api_domain"]
        assert httpx.get(f"{ready['control']}/_control/journal", timeout=60).json()["entries"][0]["outcome"] == "issued"
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=120)
    assert (process.returncode, complaints) == (0, "")


def test_help_names_every_option() -> None:
    with simulator("--help") as process:
        text, _ = process.communicate(timeout=120)
    for option in ("--data-center", "--control-port", "--lifetime", "--window", "--issues", "--counted-by", "--seed"):
        assert option in text


@pytest.mark.parametrize(
    ("arguments", "exit_code", "complaint"),
    [
        pytest.param(["-d", "EU!"], 2, "'EU!' is no data centre; eu or eu=9002 would be", id="an ill data centre"),
        pytest.param(["--lifetime", "soon"], 2, "'soon' is no span of time; 30s, 5m or 1h would be", id="an ill span"),
        pytest.param(["--seed", "/nowhere"], 2, "/nowhere: No such file", id="no seed file"),
        pytest.param(["--seed", "SEED"], 2, "clients: ", id="an ill-shaped seed"),
        pytest.param(["--seed", "STRANGERS"], 1, "no client has the id or name 'x'", id="a seed about nobody"),
        pytest.param(["-d", "us=TAKEN"], 1, "cannot listen: Address already in use", id="a taken port"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], exit_code: int, complaint: str, tmp_path: Path
) -> None:
    (tmp_path / "SEED").write_text('{"clients": 7}')
    (tmp_path / "STRANGERS").write_text('{"consents": [{"client": "x"}]}')
    with listening_socket() as taken:
        port = str(taken.getsockname()[1])
        real = [str(tmp_path / each) if (tmp_path / each).is_file() else each for each in arguments]
        with simulator(*(each.replace("TAKEN", port) for each in real)) as process:
            _, complaints = process.communicate(timeout=120)
    assert process.returncode == exit_code
    assert complaint in complaints
    assert "Traceback" not in complaints
