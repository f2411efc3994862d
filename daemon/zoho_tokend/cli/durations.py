"""Durations on the command line, written as in the settings: 30s, 5m, 1h30m."""

from datetime import timedelta
from typing import Final

import click

from zoho_tokend.settings.kinds import duration

_KIND: Final = duration(timedelta(), timedelta(days=1))


class _Duration(click.ParamType[timedelta]):
    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            read = _KIND.read(value)
        except ValueError:
            self.fail(f"{value!r} is not {_KIND.words}", param, ctx)
        assert isinstance(read, timedelta)  # noqa: S101 - what a duration's kind reads is one
        return read


DURATION: Final = _Duration()
