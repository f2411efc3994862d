"""Every setting: documented once, read once, checked as a whole.

A value comes from the first of four sources that gives it: an environment variable ``ZOHO_TOKEND_<NAME>``, the
TOML file, Vault's own environment variables, the default. The environment is an argument: nothing here looks at
``os.environ``.
"""

from zoho_tokend.settings.kinds import Listen
from zoho_tokend.settings.listing import (
    EffectiveSetting,
    SettingRow,
    changes,
    describe,
    settings_table,
)
from zoho_tokend.settings.loading import given_in, load_settings
from zoho_tokend.settings.model import Settings

__all__ = [
    "EffectiveSetting",
    "Listen",
    "SettingRow",
    "Settings",
    "changes",
    "describe",
    "given_in",
    "load_settings",
    "settings_table",
]
