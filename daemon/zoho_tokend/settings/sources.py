"""Where settings come from: our environment variables, the TOML file, Vault's own environment variables."""

import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, Self

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

PREFIX: Final = "ZOHO_TOKEND_"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"

_VAULTS_OWN: Final = ("VAULT_ADDR", "VAULT_TOKEN", "VAULT_NAMESPACE", "VAULT_CACERT")
# A Service named zoho-tokend puts ZOHO_TOKEND_PORT and more like it into every container of its namespace:
# https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
_KUBERNETES_SERVICE_LINK: Final = re.compile(
    rf"{PREFIX}(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)"
)


class Source(PydanticBaseSettingsSource):
    """Values by the lower-case name of their setting, from one place.

    Attributes:
        values: as they were given, unread.
    """

    def __init__(self, settings: type[BaseSettings], values: Mapping[str, object], *, place: str) -> None:
        super().__init__(settings)
        self.values = dict(values)
        self._place = place

    def where(self, name: str) -> str:
        """The place of the setting's value, in words: the name of the variable or the path of the file."""
        return self._place.replace("<NAME>", name.upper())

    def without(self, names: Collection[str]) -> Self:
        """The same place, as if these had not been given there."""
        left = {name: value for name, value in self.values.items() if name not in names}
        return type(self)(self.settings_cls, left, place=self._place)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - a library's signature
        return self.values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self.values)


def our_variables(settings: type[BaseSettings], environ: Mapping[str, str]) -> Source:
    """The variables ``ZOHO_TOKEND_<NAME>``; an empty one is as good as none."""
    values = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if value
        and name.startswith(PREFIX)
        and name != CONFIG_VARIABLE
        and not _KUBERNETES_SERVICE_LINK.fullmatch(name)
    }
    return Source(settings, values, place=f"environment variable {PREFIX}<NAME>")


def vaults_own_variables(settings: type[BaseSettings], environ: Mapping[str, str]) -> Source:
    """The variables that Vault's own command line heeds.

    https://developer.hashicorp.com/vault/docs/commands#environment-variables
    """
    values = {name.lower(): environ[name] for name in _VAULTS_OWN if environ.get(name)}
    return Source(settings, values, place="environment variable <NAME>")


def toml_file(settings: type[BaseSettings], path: Path) -> Source:
    """What stands in the file; names in either case.

    Raises:
        ValueError: it cannot be read, or is no TOML; the text says why and holds nothing of the file.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"the settings file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"the settings file {path} is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"the settings file {path} is no TOML: {error}") from None
    values = {name.lower(): value for name, value in document.items()}
    if len(values) < len(document):
        raise ValueError(f"the settings file {path} gives a setting twice, in different case")
    return Source(settings, values, place=str(path))
