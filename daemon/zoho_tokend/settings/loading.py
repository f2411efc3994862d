"""Reading the settings: every problem is found in one go, and told without a secret."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from zoho_tokend.core.errors import BadSettings
from zoho_tokend.settings.crosschecks import contradictions
from zoho_tokend.settings.kinds import Kind
from zoho_tokend.settings.model import Settings, kind
from zoho_tokend.settings.sources import CONFIG_VARIABLE, Source, our_variables, toml_file, vaults_own_variables

_LONGEST_SHOWN: Final = 100
_USER_IN_URL: Final = re.compile(r"//[^/\s]*@")


def load_settings(environ: Mapping[str, str], config: Path | None = None) -> Settings:
    """The settings that this environment and this file make; ``ZOHO_TOKEND_CONFIG`` names the file where none is given.

    Raises:
        BadSettings: a line for each problem: the setting, where its value comes from, the value unless it is a secret,
            and what would be accepted.
    """
    problems: list[str] = []
    sources = _sources(environ, config, problems)
    try:
        settings = _settings(sources)
    except ValidationError as error:
        failed = {str(failure["loc"][0]) for failure in error.errors(include_url=False, include_input=False)}
        problems += _told(failed, sources)
        # The rest is checked as if these had not been given, so that nothing is left for a second round.
        settings = _settings([_without(failed, source) for source in sources])
        problems += [problem for problem in contradictions(settings) if not _speaks_of(failed, problem)]
    else:
        problems += contradictions(settings)
    if problems:
        raise BadSettings("\n".join(problems))
    return settings
