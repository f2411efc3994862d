"""``python -m tests.fuzzing``: ten million inputs, and docs/fuzzing.md; ``--inputs`` asks for another number."""

import secrets
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.fuzzing.campaign import Campaign, fuzz
from tests.fuzzing.targets import TARGETS

_PAGE = Path(__file__).parents[2] / "docs" / "fuzzing.md"
_INPUTS = 10_000_000
_LONGEST = 3 * 3600.0
# What takes a hundred times as long gets a hundredth of the inputs; one share is as many as the rest leave over.
_SHARES = {"consent_answers": 0.05, "settings": 0.02, "status_page": 0.005, "simulator_form": 0.1}
_VERDICTS = {True: "yes", False: "**no**"}
_HEAD = """\
# Hostile bytes

Written by `make fuzz`. Everything that parses what others send was given {inputs:,} inputs by a fuzzer that follows the
branches of our code ([Atheris](https://github.com/google/atheris) upon libFuzzer) from recorded shapes on. An input is
survived when the answer is one that the product documents, within ten seconds; what else each target demands stands in
[tests/fuzzing/targets.py](../tests/fuzzing/targets.py). A refresh's answer, for one, may condemn a grant or a client by
one of four exact codes only.

| What was fed | Inputs | Branches reached | Survived |
|---|--:|--:|---|
"""


def main() -> None:
    """Fuzz every target, two at a time; the exit code is 1 when one of them fell."""
    parser = ArgumentParser(prog="python -m tests.fuzzing", description="Fuzz, and write docs/fuzzing.md.")
    parser.add_argument("--inputs", type=int, default=_INPUTS, help="how many in all; only the usual number is written")
    inputs: int = parser.parse_args().inputs
    with ThreadPoolExecutor(2) as two:
        campaigns = list(two.map(partial(_campaign, inputs=inputs), TARGETS))
    text = _page(campaigns)
    if inputs == _INPUTS:
        _PAGE.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    fallen = [each for each in campaigns if each.failure]
    for each in fallen:
        sys.stderr.write(f"{each.target}: {each.failure}\nagain: {each.replay}\n")
    sys.exit(bool(fallen))


def _campaign(target: str, *, inputs: int) -> Campaign:
    share = _SHARES.get(target, (1 - sum(_SHARES.values())) / (len(TARGETS) - len(_SHARES)))
    return fuzz(target, runs=int(inputs * share) + 1, seed=secrets.randbelow(1 << 31) + 1, seconds=_LONGEST)


def _page(campaigns: Iterable[Campaign]) -> str:
    campaigns = list(campaigns)
    rows = (
        f"| {each.target.replace('_', ' ')} | {each.inputs:,} | {each.branches:,} | {_VERDICTS[not each.failure]} |\n"
        for each in campaigns
    )
    return _HEAD.format(inputs=sum(each.inputs for each in campaigns)) + "".join(rows)


if __name__ == "__main__":
    main()
