"""``python -m tests.fuzzing.engine TARGET RUNS SEED``: the fuzzer at one target, in a process that ends with it.

It is libFuzzer, guided by the branches that our own code takes (https://github.com/google/atheris). An input that fails
or takes longer than ten seconds ends the process with a traceback and the input, written as Python would.
"""

import sys
import tempfile
from pathlib import Path

import atheris

_LONGEST_INPUT = 2048
_LONGEST_SECONDS = 10


def main() -> None:
    """Fuzz, and end the process: with 0 where every input was survived."""
    name, runs, seed = sys.argv[1:]
    with atheris.instrument_imports(include=["zoho_tokend", "zoho_simulator"]):
        from tests.fuzzing.seeds import seeds, words  # noqa: PLC0415 - what is imported here is instrumented
        from tests.fuzzing.targets import TARGETS  # noqa: PLC0415
    target = TARGETS[name]

    def survive(data: bytes) -> None:
        try:
            target(data)
        except BaseException:
            sys.stderr.write(f"\n{name} does not survive {data!r}\n")
            raise

    with tempfile.TemporaryDirectory() as scratch:
        corpus = Path(scratch) / "corpus"
        corpus.mkdir()
        for number, first in enumerate(seeds(name)):
            (corpus / str(number)).write_bytes(first)
        dictionary = Path(scratch) / "words"
        dictionary.write_text("".join(f'"{word}"\n' for word in words()), encoding="ascii")
        options = [f"-runs={runs}", f"-seed={seed}", f"-dict={dictionary}", f"-artifact_prefix={scratch}/"]
        limits = [f"-max_len={_LONGEST_INPUT}", f"-timeout={_LONGEST_SECONDS}", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, *limits, str(corpus)], survive)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
