"""``python -m tests.pictures``: take the pictures of README.md anew, into docs/pictures."""

import asyncio
import sys
from pathlib import Path

from tests.pictures.demo import take_demo
from tests.pictures.status_page import take_status_page

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"


def main() -> None:
    """Take them all, and say how large they are."""
    FOLDER.mkdir(exist_ok=True)
    for taken in (*asyncio.run(take_status_page(FOLDER)), take_demo(FOLDER)):
        sys.stdout.write(f"{taken.name}: {taken.stat().st_size / 1024:.0f} KiB\n")


if __name__ == "__main__":
    main()
