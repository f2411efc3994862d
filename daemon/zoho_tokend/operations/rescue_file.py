"""The last resort: what Vault would not take, in a file that only its owner reads, and only with a passphrase."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from zoho_tokend.core.errors import TokendError
from zoho_tokend.core.model import ConnectionName, Secret, connection_name

_FORMAT: Final = "zoho-tokend rescue 1"
_SALT_BYTES: Final = 16
# OWASP's figures for scrypt; a second of work for us, and for each guess of somebody who steals the file:
# https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
_COST: Final = 2**17
_BLOCK: Final = 8
_LARGEST_FILE: Final = 1024 * 1024


# More than any rescue file needs: a folder without that much room is noticed before a code is spent.
_ROOM: Final = 64 * 1024


class RescueNotWritten(TokendError):
    """No rescue file can be written there."""


class RescueUnreadable(TokendError):
    """The file is no rescue file of ours, or the passphrase is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescued:
    """A credential that is not in Vault yet.

    Attributes:
        after_version: the KV version that it is to follow.
    """

    connection: ConnectionName
    fields: Mapping[str, object] = field(repr=False)
    after_version: int


def prove_room(folder: Path) -> None:
    """Prove that a rescue file can be written in this folder; nothing is left there.

    Raises:
        RescueNotWritten.
    """
    path = folder / f"zoho-tokend-{secrets.token_hex(4)}.proof"
    _write(path, "-" * _ROOM)
    path.unlink()


def rescue(rescued: Rescued, passphrase: Secret, folder: Path) -> Path:
    """Write the credential to a new file of this folder, of mode 0600, encrypted to the passphrase.

    Raises:
        RescueNotWritten: nothing is left there.
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    content = {
        "connection": rescued.connection,
        "fields": dict(rescued.fields),
        "after_version": rescued.after_version,
    }
    envelope = {
        "format": _FORMAT,
        "connection": rescued.connection,
        "salt": base64.b64encode(salt).decode(),
        "sealed": _lock(passphrase, salt).encrypt(json.dumps(content).encode()).decode(),
    }
    path = folder / f"zoho-tokend-{rescued.connection}-{secrets.token_hex(4)}.rescue"
    _write(path, json.dumps(envelope))
    return path


def recover(path: Path, passphrase: Secret) -> Rescued:
    """What the file holds.

    Raises:
        RescueUnreadable.
    """
    try:
        envelope = json.loads(_read(path))
        if envelope["format"] != _FORMAT:
            raise RescueUnreadable(f"{path} is no rescue file of this version")
        lock = _lock(passphrase, base64.b64decode(envelope["salt"], validate=True))
        content = json.loads(lock.decrypt(envelope["sealed"].encode()))
        return Rescued(
            connection=connection_name(content["connection"]),
            fields=dict(content["fields"]),
            after_version=int(content["after_version"]),
        )
    except InvalidToken:
        raise RescueUnreadable(f"the passphrase does not open {path}, or the file was changed") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise RescueUnreadable(f"{path} is no rescue file") from None


def _write(path: Path, text: str) -> None:
    """Write a new file, whole and on the disk, or none."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RescueNotWritten(f"no file can be written in {path.parent}: {error.strerror}") from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE)
    except OSError as error:
        raise RescueUnreadable(f"{path} cannot be read: {error.strerror}") from None


def _lock(passphrase: Secret, salt: bytes) -> Fernet:
    key = Scrypt(salt=salt, length=32, n=_COST, r=_BLOCK, p=1).derive(passphrase.reveal().encode())
    return Fernet(base64.urlsafe_b64encode(key))
