import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "SECURITY.md").read_text(encoding="utf-8")
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_ROWS = [line for line in _PAGE.splitlines() if line.startswith("| ") and not line.rstrip("| ").endswith("Shown by")]


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row.split("|")[1].strip()[:60])
def test_each_line_of_the_threat_model_names_tests_that_there_are(row: str) -> None:
    named = _TEST.findall(row.rstrip("| ").rpartition("|")[2])

    assert named
    for file, test in named:
        assert re.search(rf"^(?:async )?def {test}\(", (_ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), test


def test_the_threat_model_is_read_whole() -> None:
    assert len(_ROWS) == len([line for line in _PAGE.splitlines() if line.startswith("|")]) - 2 * _PAGE.count("|---|\n")
