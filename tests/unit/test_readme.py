"""README.md says what the code says, and shows what there is."""

import re

from tests.support.documents.generated_docs import README, renewed


def test_the_generated_tables_of_the_readme_are_those_of_the_code() -> None:
    text = README.read_text()
    assert renewed(text) == text, "run `make docs`"


def test_the_pictures_of_the_readme_are_there_and_small() -> None:
    shown = re.findall(r'(?:src|srcset)="([^"]+)"', README.read_text())
    assert {path.rpartition(".")[2] for path in shown} == {"svg", "png"}
    assert [path for path in shown if not 1_000 < (README.parent / path).stat().st_size < 150_000] == []


def test_no_picture_of_the_readme_loads_anything_or_holds_the_demos_token() -> None:
    for drawing in (README.parent / "docs" / "pictures").glob("*.svg"):
        text = drawing.read_text()
        assert "VAULT_TOKEN=\N{HORIZONTAL ELLIPSIS}" in text
        assert re.findall(r"url\((?!#)|href|@import|<script", text) == []
