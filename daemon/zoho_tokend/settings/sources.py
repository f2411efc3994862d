"""Where settings come from: our environment variables, the TOML file, Vault's own environment variables."""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

PREFIX: Final = "ZOHO_TOKEND_"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"

_VAULTS_OWN: Final = ("VAULT_ADDR", "VAULT_TOKEN", "VAULT_NAMESPACE", "VAULT_CACERT")
# A Service named zoho-tokend puts ZOHO_TOKEND_PORT and more like it into every container of its namespace:
# https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
_KUBERNETES_SERVICE_LINK: Final = re.compile(
    rf"{PREFIX}(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)"
)


@dataclass(frozen=True, slots=True)
class Source:
    """Values by the lower-case name of their setting, from one place.

    Attributes:
        values: as they were given, unread.
        place: in words; ``<NAME>`` stands for the setting's name.
    """

    values: Mapping[str, object] = field(repr=False)
    place: str

    def where(self, name: str) -> str:
        """Return the place of the setting's value: the name of the variable or the path of the file."""
        return self.place.replace("<NAME>", name.upper())

    def spelling(self, name: str) -> str:
        """Return the name of the setting as it is written in this place."""
        prefix, is_variable, _ = self.place.rpartition(" ")[2].partition("<NAME>")
        return f"{prefix}{name.upper()}" if is_variable else name.upper()

    def without(self, names: Collection[str]) -> Self:
        """Return the same place, as if these had not been given there."""
        return replace(self, values={name: value for name, value in self.values.items() if name not in names})


def our_variables(environ: Mapping[str, str]) -> Source:
    """Read the variables ``ZOHO_TOKEND_<NAME>``; an empty one counts as not set."""
    values = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if value
        and name.startswith(PREFIX)
        and name != CONFIG_VARIABLE
        and not _KUBERNETES_SERVICE_LINK.fullmatch(name)
    }
    return Source(values, f"environment variable {PREFIX}<NAME>")


def vaults_own_variables(environ: Mapping[str, str]) -> Source:
    """Read the variables that Vault's own command line reads.

    https://developer.hashicorp.com/vault/docs/commands#environment-variables
    """
    values = {name.lower(): environ[name] for name in _VAULTS_OWN if environ.get(name)}
    return Source(values, "environment variable <NAME>")


def toml_file(path: Path) -> Source:
    """Read the file; names may be in either case.

    Raises:
        ValueError: it cannot be read, or is not TOML; the text says why, without any content of the file.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"the settings file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"the settings file {path} is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"the settings file {path} is not TOML: {error}") from None
    values = {name.lower(): value for name, value in document.items()}
    if len(values) < len(document):
        raise ValueError(f"the settings file {path} gives a setting twice, in different case")
    return Source(values, str(path))
