"""Findings as text: a line each for programs, columns that fit for people."""

from zoho_tokend.cli.doctor import finding_lines
from zoho_tokend.doctor.finding import Area

FOUND = [
    Area.VAULT.ok("login", "works"),
    Area.KV.ok("secret", "is KV version 2"),
    Area.KV.wrong("secret/of/some/length", "keeps too few versions of every record " * 3, fix="configure it " * 9),
]


def test_a_program_gets_one_line_for_each_finding_below_its_area() -> None:
    told = [line for line in finding_lines(FOUND, width=None) if line.startswith("  ")]
    assert len(told) == len(FOUND)
    assert all(
        finding.finding in line and finding.fix.strip() in line for finding, line in zip(FOUND, told, strict=True)
    )


def test_findings_of_an_area_begin_in_one_column() -> None:
    first, second = [line for line in finding_lines(FOUND, width=None) if "secret" in line]
    assert first.index("is KV") == second.index("keeps")


def test_at_a_terminal_no_line_is_too_long_and_the_fix_has_lines_of_its_own() -> None:
    told = list(finding_lines(FOUND, width=60))
    assert max(len(line) for line in told if "\x1b" not in line) <= 60
    assert any(line.strip().startswith("→ configure it") for line in told)


def test_in_a_narrow_terminal_nothing_is_lost() -> None:
    told = " ".join(" ".join(finding_lines(FOUND, width=20)).split())
    assert " ".join(FOUND[2].finding.split()) in told
