"""What the program consists of is left alone by the garbage collector, and what comes later is not."""

import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from zoho_tokend.cli.run import freeze_gc

# `zoho-tokend run`, which tells at its end whether the collector passes anything by.
A_RUN = """
import atexit, gc, runpy, sys
atexit.register(lambda: print("spared:", gc.get_freeze_count() > 0, file=sys.stderr))
sys.argv = ["zoho-tokend", "run"]
runpy.run_module("zoho_tokend", run_name="__main__")
"""
NOBODY = "http://127.0.0.1:9"


class Held:
    """Something that the collector keeps an eye on."""


@pytest.fixture(autouse=True)
def _the_collector_as_it_was() -> Iterator[None]:
    yield
    gc.unfreeze()


def is_visited(held: Held) -> bool:
    return any(each is held for each in gc.get_objects())


def test_what_was_there_is_visited_by_no_collection() -> None:
    held = Held()
    assert is_visited(held)
    freeze_gc()
    assert not is_visited(held)


def test_it_ends_with_its_last_reference_all_the_same() -> None:
    held = Held()
    freeze_gc()
    gone = weakref.ref(held)
    del held
    assert gone() is None


def test_a_cycle_of_what_came_later_is_collected_as_ever() -> None:
    freeze_gc()
    held = Held()
    held.itself = held  # type: ignore[attr-defined]
    gone = weakref.ref(held)
    del held
    gc.collect()
    assert gone() is None


def test_the_daemon_spares_its_program() -> None:
    settings = {"VAULT_ADDR": NOBODY, "VAULT_TOKEN": "hvs.INVENTED", "LISTEN": "127.0.0.1:0"}
    environment = os.environ | {f"ZOHO_TOKEND_{name}": value for name, value in settings.items()}
    with subprocess.Popen(
        [sys.executable, "-c", A_RUN], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert "daemon.started" in run.stdout.readline()
        run.terminate()
        _, told = run.communicate()
    assert "spared: True" in told
