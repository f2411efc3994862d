"""The runbook, taken apart: a section for each alert, and the commands of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RUNBOOK: Final = Path(__file__).parents[3] / "docs" / "runbook.md"

_BLOCK: Final = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LEAD: Final = re.compile(r"^\*\*(.+?)\*\*", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """What stands under one heading.

    Attributes:
        commands: each block of them, as written, without the prompts.
    """

    text: str
    commands: Sequence[Sequence[str]]

    @property
    def leads(self) -> Sequence[str]:
        """The questions that it answers, in order."""
        return _LEAD.findall(self.text)

    @property
    def severity(self) -> str:
        """The word that it begins with."""
        return self.text.lstrip().removeprefix("*").partition(".")[0]


def sections() -> Mapping[str, Section]:
    """Every section, by its heading."""
    _head, *parts = re.split(r"^## ", RUNBOOK.read_text(), flags=re.MULTILINE)
    split = (part.partition("\n") for part in parts)
    return {heading: Section(text, _commands(text)) for heading, _, text in split}


def _commands(text: str) -> list[list[str]]:
    blocks = _BLOCK.findall(text)
    assert all(line.startswith("$ ") for block in blocks for line in block.splitlines())
    return [[line.removeprefix("$ ") for line in block.splitlines()] for block in blocks]
