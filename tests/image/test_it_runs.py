"""The image at work: as uid 65532, upon a read-only root and without a /tmp, it keeps the demo's connections."""

import asyncio
import json
import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from tests.image.container import Container
from tests.support.processes.process import Daemon, call, running
from zoho_tokend import __version__
from zoho_tokend.demo.scene import CONNECTIONS, scene

pytestmark = [pytest.mark.image, pytest.mark.timeout(900)]

_LIFETIME = timedelta(seconds=20)
_TRY_TO_WRITE = """
import json, os
refused = {}
for folder in ("/", "/tmp", "/var/tmp", "/opt/zoho-tokend", "/etc", "/root", "/run"):
    try:
        open(os.path.join(folder, "written"), "w").close()
    except OSError as error:
        refused[folder] = os.strerror(error.errno)
print(json.dumps({"uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(), "refused": refused}))
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def process_says(daemon: Daemon) -> dict[str, str]:
    """What the kernel says of the process: /proc/<pid>/status."""
    lines = Path(f"/proc/{daemon.pid}/status").read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


def root_mount(daemon: Daemon) -> str:
    """The options of the mount that the process has as its root: /proc/<pid>/mountinfo, whose paths start there."""
    mounts = [line.split() for line in Path(f"/proc/{daemon.pid}/mountinfo").read_text().splitlines()]
    (options,) = [mount[5] for mount in mounts if mount[4] == "/"]
    return options


def keeps_them_fresh(container: Container, environment: Mapping[str, str], folder: Path) -> None:
    """The daemon in the image refreshes each connection of the demo twice, is healthy meanwhile, and stops in order."""
    with running(environment, folder, container.launcher) as daemon:
        daemon.until_ready()
        assert process_says(daemon)["Uid"].split() == ["65532"] * 4
        assert process_says(daemon)["NoNewPrivs"] == "1"
        assert int(process_says(daemon)["CapEff"], 16) == 0
        assert "ro" in root_mount(daemon).split(",")
        assert call(*health_check(container), environment=environment, launcher=container.running()).code == 0
        for name in CONNECTIONS:
            daemon.until(
                lambda name=name: len(daemon.lines("connection.refreshed", connection=name)) >= 2,  # type: ignore[misc]  # mypy cannot infer the default
                f"{name} is refreshed twice",
            )
        daemon.stop()
        assert not daemon.err


def health_check(container: Container) -> list[str]:
    """The words of its HEALTHCHECK, which needs no shell."""
    check = container.image.config["Healthcheck"]
    assert isinstance(check, dict)
    kind, *words = [str(word) for word in check["Test"]]
    assert kind == "CMD"
    return words


def test_the_daemon_in_it_keeps_the_connections_of_the_demo_fresh(container: Container, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(_LIFETIME) as stage:
            environment = {**stage.environment, "ZOHO_TOKEND_LISTEN": f"127.0.0.1:{free_port()}"}
            await asyncio.to_thread(keeps_them_fresh, container, environment, tmp_path)

    asyncio.run(play())


def test_its_user_can_write_nowhere(container: Container) -> None:
    tried = call("-c", _TRY_TO_WRITE, launcher=container.running("/opt/zoho-tokend/bin/python"))
    told = json.loads(tried.out)
    assert (told["uid"], told["gid"], told["groups"]) == (65532, 65532, [])
    assert len(told["refused"]) == 7
    assert {told["refused"][open_to_all] for open_to_all in ("/tmp", "/var/tmp")} == {"Read-only file system"}  # noqa: S108 - inside the image


def test_its_health_check_fails_where_no_daemon_answers(container: Container) -> None:
    vault = {"VAULT_ADDR": "http://127.0.0.1:9", "VAULT_TOKEN": "s.invented"}
    settings = {**vault, "ZOHO_TOKEND_LISTEN": f"127.0.0.1:{free_port()}"}
    checked = call(*health_check(container), environment=settings, launcher=container.running())
    assert checked.code == 1
    assert "no answer from" in checked.err


def test_it_says_which_version_it_is(container: Container) -> None:
    assert __version__ in call("version", launcher=container.launcher).out


def test_the_demo_says_that_it_is_not_in_the_image(container: Container) -> None:
    tried = call("demo", launcher=container.launcher)
    assert tried.code == 1
    assert "the demo needs more packages" in tried.err
