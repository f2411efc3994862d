"""The tables that are written from the code: ``make docs`` writes them, tests compare them."""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from tests.support.documents.hardening import hardening
from tests.support.documents.pod_resources import sizing_rows
from tests.support.documents.reader_rows import readers_table
from zoho_tokend.settings import settings_table
from zoho_tokend.telemetry.metric_table import metric_table
from zoho_tokend.zoho.datacenters import DATA_CENTERS

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"
READERS = ROOT / "docs" / "readers.md"
OPERATIONS = ROOT / "docs" / "operations.md"
ONE_MACHINE = ROOT / "docs" / "systemd-and-compose.md"


def settings() -> str:
    """Every setting, as a Markdown table."""
    rows = [
        (
            f"`{row.name}`",
            row.description,
            row.accepts,
            f"`{row.default}`" if row.default else "",
            _mark(row.reloadable),
        )
        for row in settings_table()
    ]
    return _table(("`ZOHO_TOKEND_…`", "what it is", "accepts", "default", "SIGHUP"), rows)


def metrics() -> str:
    """Every metric, as a Markdown table."""
    rows = [
        (f"`{name}`", kind, ", ".join(f"`{label}`" for label in labels), text)
        for name, kind, labels, text in metric_table()
    ]
    return _table(("`zoho_tokend_…`", "type", "labels", "what it tells"), rows)


def sizes() -> str:
    """What a daemon needs for so many connections, as a Markdown table."""
    heads = ("connections", "refreshes a second", "CPU", "memory", "ready after a start", "`requests`", "`limits`")
    return _table(heads, sizing_rows())


def hosts() -> str:
    """The hosts of Zoho's own, as a Markdown table."""
    rows = [
        (center.location, f"`{center.accounts_server.host}`", f"`{center.api_domain.removeprefix('https://')}`")
        for center in DATA_CENTERS
    ]
    return _table(("data centre", "accounts server", "API"), rows)


Parts = Mapping[str, Callable[[], str]]
PARTS: Parts = {"settings": settings, "metrics": metrics}
READERS_PARTS: Parts = {"readers": readers_table}
OPERATIONS_PARTS: Parts = {"sizes": sizes, "hosts": hosts}
ONE_MACHINE_PARTS: Parts = {"hardening": hardening}


def renewed(text: str, parts: Parts = PARTS) -> str:
    """The text with each part between its two marks written anew."""
    for name, write in parts.items():
        begin, end = f"<!-- {name}: written by `make docs` -->", f"<!-- end of {name} -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        assert pattern.search(text), f"there is no place for {name}"
        part = f"{begin}\n{write()}\n{end}"
        text = pattern.sub(lambda _match, part=part: part, text)  # type: ignore[misc]  # mypy cannot infer the default
    return text


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _mark(yes: bool) -> str:  # noqa: FBT001 - one cell
    return "yes" if yes else ""


if __name__ == "__main__":
    pages = {README: PARTS, READERS: READERS_PARTS, OPERATIONS: OPERATIONS_PARTS, ONE_MACHINE: ONE_MACHINE_PARTS}
    for page, parts in pages.items():
        page.write_text(renewed(page.read_text(), parts))
        sys.stdout.write(f"{page.relative_to(ROOT)} is up to date.\n")
