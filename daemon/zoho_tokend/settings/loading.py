"""Reading the settings: all problems are reported at once, and without a secret."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from zoho_tokend.core.errors import BadSettings
from zoho_tokend.settings.crosschecks import contradictions
from zoho_tokend.settings.model import DOCUMENTED, Settings
from zoho_tokend.settings.sources import CONFIG_VARIABLE, Source, our_variables, toml_file, vaults_own_variables

_LONGEST_SHOWN: Final = 100
_USER_IN_URL: Final = re.compile(r"//[^/\s]*@")


def load_settings(environ: Mapping[str, str], config: Path | None = None) -> Settings:
    """Load the settings from the environment and the file; ``ZOHO_TOKEND_CONFIG`` names the file where none is given.

    Raises:
        BadSettings: a line for each problem: the setting, where its value comes from, the value unless it is a secret,
            and what is accepted.
    """
    problems: list[str] = []
    sources = [our_variables(environ), vaults_own_variables(environ)]
    file = config or environ.get(CONFIG_VARIABLE)
    if file:
        try:
            sources.insert(1, toml_file(Path(file)))
        except ValueError as error:
            problems.append(str(error))
    settings, refused = _settings(sources)
    problems += _refusals(refused, sources)
    doubtful = {name.upper() for name in refused}
    problems += [found.sentence for found in contradictions(settings) if doubtful.isdisjoint(found.names)]
    if problems:
        raise BadSettings("\n".join(problems))
    return settings


def given_in(file: Path) -> Mapping[str, object]:
    """Return the unparsed values in a settings file, by the settings' names in lower case.

    Raises:
        BadSettings: it cannot be read, or is not TOML.
    """
    try:
        return toml_file(file).values
    except ValueError as error:
        raise BadSettings(str(error)) from None


def _settings(sources: Sequence[Source]) -> tuple[Settings, frozenset[str]]:
    """Return the settings of these sources, and the names whose values are refused.

    Refused values are left out of the settings, so that the rest can be checked at once.
    The names are in lower case, as the sources have them: not every letter's upper case leads back to it.
    """
    try:
        return Settings.settings_from(sources), frozenset()
    except ValidationError as error:
        refused = frozenset(str(failure["loc"][0]) for failure in error.errors(include_url=False, include_input=False))
    left = [source.without(refused) for source in sources]
    return Settings.settings_from(left), refused


def _refusals(refused: frozenset[str], sources: Sequence[Source]) -> Iterator[str]:
    unknown = False
    for given in sorted(refused):
        name = given.upper()
        source = next(source for source in sources if given in source.values)
        if name in DOCUMENTED:
            kind, value = DOCUMENTED[name].kind, source.values[given]
            yield f"{name} ({source.where(name)}): {_shown(name, value)} is refused; accepted: {kind.words}"
        else:
            unknown = True
            yield f"{name} ({source.where(name)}): there is no such setting{_suggestion(name, source)}"
    if unknown:
        yield "`zoho-tokend settings` lists every setting"


def _shown(name: str, value: object) -> str:
    """Return the value as a person gave it, but never a secret or a password in a URL."""
    if DOCUMENTED[name].secret:
        return "the value"
    text = _USER_IN_URL.sub("//***@", repr(value))
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _suggestion(name: str, source: Source) -> str:
    near = difflib.get_close_matches(name, DOCUMENTED, n=1)
    return f"; did you mean {source.spelling(near[0])}?" if near else ""
