"""The person at the terminal, as the use cases see one."""

from datetime import timedelta
from pathlib import Path
from typing import Protocol

from zoho_tokend.core.errors import TokendError
from zoho_tokend.core.model import Secret


class Interrupted(TokendError):
    """It was ended by you, with Ctrl-C."""


class NobodyThere(TokendError):
    """Nobody is there to answer."""


class Person(Protocol):
    """Somebody who reads, waits and answers."""

    def say(self, sentence: str) -> None:
        """The sentence is said; it holds no secret."""
        ...

    async def wait(self, span: timedelta, sentence: str) -> None:
        """So much time passes, and the person sees how much is left, beside the sentence.

        Raises:
            Interrupted: the person does not want to wait any longer.
        """
        ...

    async def choose_passphrase(self, why: str) -> Secret:
        """A passphrase of the person's own, typed twice and not shown.

        Raises:
            NobodyThere, Interrupted.
        """
        ...

    async def choose_folder(self, why: str) -> Path:
        """Ask for a folder of the person's choice.

        Raises:
            NobodyThere, Interrupted.
        """
        ...
