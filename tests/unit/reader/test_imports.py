"""What a job pays for the import: no library before it is used, and nothing of the daemon ever."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

import zoho_tokend

SOURCE = Path(zoho_tokend.__file__).parent.parent
LIBRARIES = {"hvac", "httpx", "requests", "zohocrmsdk"}
# As if none of them were installed, nor any dependency of the daemon: -S hides what is.
BARE = [sys.executable, "-I", "-S", "-c"]
IMPORTS = """
import sys
sys.path.insert(0, {source!r})
before = set(sys.modules)
{statement}
foreign = {{name.partition(".")[0] for name in set(sys.modules) - before}} - sys.stdlib_module_names
print(*sorted(foreign))
print(*sorted(name for name in sys.modules if name.startswith("zoho_tokend.") and ".reader" not in name))
"""


def run(statement: str, *interpreter: str) -> list[str]:
    code = IMPORTS.format(source=str(SOURCE), statement=statement)
    done = subprocess.run([*interpreter, code], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.splitlines()


def test_the_package_is_imported_without_a_library_or_anything_of_the_daemon() -> None:
    statement = "from zoho_tokend.reader import ReaderError, Token, TokenTooOld"
    assert run(statement, *BARE) == ["zoho_tokend", ""]


@pytest.mark.parametrize(
    ("name", "brought", "not_brought"),
    [
        ("TokenReader", {"hvac", "requests"}, {"httpx", "zohocrmsdk"}),
        ("AsyncTokenReader", {"hvac", "requests"}, {"httpx", "zohocrmsdk"}),
        ("ZohoRequestsAuth", {"hvac", "requests"}, {"httpx", "zohocrmsdk"}),
        ("ZohoAuth", {"hvac", "httpx"}, {"zohocrmsdk"}),
    ],
)
def test_a_name_brings_its_own_library_and_nothing_of_the_daemon(
    name: str, brought: set[str], not_brought: set[str]
) -> None:
    foreign, daemon = run(f"from zoho_tokend.reader import {name}", sys.executable, "-I", "-c")
    assert brought <= set(foreign.split())
    assert not not_brought & set(foreign.split())
    assert daemon == ""


def test_what_the_package_has_not_got_is_asked_for_in_vain() -> None:
    with pytest.raises(ImportError, match="Nonsense"):
        from zoho_tokend.reader import Nonsense  # noqa: F401, PLC0415


def test_the_reader_knows_nothing_of_the_daemon_and_the_daemon_nothing_of_the_reader() -> None:
    graph = grimp.build_graph("zoho_tokend", cache_dir=None)
    inside = graph.find_descendants("zoho_tokend.reader") | {"zoho_tokend.reader"}
    known = {other for module in inside for other in graph.find_modules_directly_imported_by(module)}
    knowing = {other for module in inside for other in graph.find_modules_that_directly_import(module)}
    assert known | knowing <= inside
