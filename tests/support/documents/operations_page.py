"""docs/operations.md in parts: the commands of a section, as a person would copy them, and its files."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

OPERATIONS: Final = Path(__file__).parents[3] / "docs" / "operations.md"


def section(heading: str) -> str:
    """The text below the heading that ends so, up to the next one."""
    pattern = rf"^#+ (?:\d+\. )?{re.escape(heading)}\n(.*?)(?=^#+ |\Z)"
    (text,) = re.findall(pattern, OPERATIONS.read_text(), re.DOTALL | re.MULTILINE)
    found: str = text
    return found


def commands(text: str) -> Sequence[str]:
    """Each command, whole: a line that ends in a backslash goes on in the next."""
    blocks = "\n".join(re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    return re.findall(r"^\$ ((?:.*\\\n)*.*)$", blocks, re.MULTILINE)


def files(text: str) -> Sequence[str]:
    """Each block of YAML."""
    return re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
