"""The pages about consent say what the program says, and show commands that it takes."""

import re
import shlex
from pathlib import Path

import click
import pytest

import zoho_tokend
from zoho_tokend.cli import main

PAGES = sorted((Path(__file__).parents[2] / "docs" / "consent").glob("*.md"))
SOURCES = Path(zoho_tokend.__file__).parent
# A sentence is written in several literals, one below the other.
_SEAM = re.compile(r'"\s*\n\s*f?"')


def commands() -> list[str]:
    return [line[2:] for page in PAGES for line in page.read_text().splitlines() if line.startswith("$ ")]


def sentences() -> list[str]:
    """What the tables say that the program says."""
    return sorted({told for page in PAGES for told in re.findall(r"^\| \*(.+?)\* \|", page.read_text(), re.MULTILINE)})


@pytest.fixture(scope="module")
def said() -> str:
    """All the texts of the program."""
    return _SEAM.sub("", "\n".join(source.read_text() for source in SOURCES.rglob("*.py")))


@pytest.mark.parametrize("sentence", sentences())
def test_a_sentence_of_the_pages_is_one_of_the_program(sentence: str, said: str) -> None:
    assert sentence in said


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_pages_is_one_that_the_program_takes(line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "zoho-tokend"
    command: click.Command = main
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    assert command.make_context(line, words).params


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_between_the_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", page.read_text())
    assert all((page.parent / link).exists() for link in links)
