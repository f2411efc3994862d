"""The leadership of a process that has no other beside it."""

from typing import Final

FIRST_TERM: Final = 0


class Alone:
    """It leads from its start to its end."""

    @property
    def term(self) -> int | None:
        return FIRST_TERM

    @property
    def holder(self) -> str | None:
        return None

    @property
    def problem(self) -> str:
        return ""

    async def run(self) -> None:
        return None

    def stand(self) -> None:
        return None

    async def leave(self) -> None:
        return None
