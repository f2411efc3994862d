"""Secrets from the settings or from files that others keep fresh; read anew for every login."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zoho_tokend.core.errors import VaultLoginRefused
from zoho_tokend.core.model import Secret

Source = Callable[[], Secret]
"""Gives a secret, as it is now; raises VaultLoginRefused when there is none."""


@dataclass(frozen=True, slots=True)
class Given:
    """A secret that stands in the settings; ``setting`` names which."""

    secret: Secret
    setting: str

    def __call__(self) -> Secret:
        return _checked(self.secret.reveal(), self.setting)


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A secret in a file; white space around it is no part of it."""

    path: Path
    setting: str

    def __call__(self) -> Secret:
        try:
            text = self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise VaultLoginRefused(
                f"{self.setting}: {self.path} cannot be read ({os.strerror(error.errno or 0)})"
            ) from error
        except UnicodeDecodeError:
            raise VaultLoginRefused(f"{self.setting}: {self.path} is no text") from None
        return _checked(text.strip(), f"{self.setting} ({self.path})")

    def mark(self) -> tuple[int, int] | None:
        """Changes when the file is written or replaced; None while there is none."""
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_ino


def _checked(text: str, where: str) -> Secret:
    """A secret that can stand in an HTTP header, for ``requests`` would print any other in its complaint."""
    if not text:
        raise VaultLoginRefused(f"{where} is empty")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise VaultLoginRefused(f"{where} holds white space or another character that no token has")
    return Secret(text)
