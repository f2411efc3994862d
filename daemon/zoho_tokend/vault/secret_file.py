"""Secrets from the settings, or from files that other programs rotate; read again for every login."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zoho_tokend.core.errors import VaultLoginRefused
from zoho_tokend.core.model import Secret

Source = Callable[[], Secret]
"""Returns the current secret; raises VaultLoginRefused where there is none."""


@dataclass(frozen=True, slots=True)
class Given:
    """A secret given in the settings; ``setting`` is the name of the setting."""

    secret: Secret
    setting: str

    def __call__(self) -> Secret:
        return _checked(self.secret.reveal(), self.setting)


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A secret in a file; white space around it is ignored."""

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
            raise VaultLoginRefused(f"{self.setting}: {self.path} is not a text file") from None
        return _checked(text.strip(), f"{self.setting} ({self.path})")

    def mark(self) -> tuple[int, int] | None:
        """Return a mark that changes when the file is written or replaced; None where there is no file."""
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_ino


def _checked(text: str, where: str) -> Secret:
    """Return the secret if it is valid in an HTTP header: ``requests`` prints any other in its error."""
    if not text:
        raise VaultLoginRefused(f"{where} is empty")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise VaultLoginRefused(f"{where} holds white space or another character that no token has")
    return Secret(text)
