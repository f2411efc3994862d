"""The settings as lists: for the README, for ``zoho-tokend settings``, and for a reload."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from zoho_tokend.core.instants import compact
from zoho_tokend.core.model import Secret
from zoho_tokend.settings.model import DOCUMENTED, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting, as documented. ``default`` is as a person would write it, empty where there is none."""

    name: str
    default: str
    accepts: str
    description: str
    reloadable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveSetting:
    """One effective setting: ``value`` as a person would write it, ``***`` for a secret, and where it comes from."""

    name: str
    value: str
    source: str


def settings_table() -> Sequence[SettingRow]:
    """Return every setting, in the order of the documentation."""
    return [
        SettingRow(
            name=setting.name,
            default=_written(setting.default),
            accepts=setting.kind.words,
            description=setting.description,
            reloadable=setting.reloadable,
        )
        for setting in DOCUMENTED.values()
    ]


def describe(settings: Settings) -> Sequence[EffectiveSetting]:
    """Return every setting with its effective value."""
    return [
        EffectiveSetting(name=name, value=_written(_value(settings, name)), source=settings.source(name))
        for name in DOCUMENTED
    ]


def changes(old: Settings, new: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of settings that differ: those that apply at once, and those that need a restart."""
    differing = [setting for name, setting in DOCUMENTED.items() if _value(old, name) != _value(new, name)]
    applied = tuple(setting.name for setting in differing if setting.reloadable)
    needs_restart = tuple(setting.name for setting in differing if not setting.reloadable)
    return applied, needs_restart


def _value(settings: Settings, name: str) -> object:
    value: object = getattr(settings, name.lower())
    return value


def _written(value: object) -> str:
    match value:
        case None:
            return ""
        case Secret():
            return "***"
        case timedelta():
            return compact(value)
        case tuple():
            return ",".join(str(part) for part in value)
        case _:
            return str(value)
