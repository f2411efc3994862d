"""Types of command-line parameters: names, durations, accounts servers."""

from datetime import timedelta
from typing import Final

import click

from zoho_tokend.core.model import ConnectionName, connection_name
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.settings.kinds import duration
from zoho_tokend.zoho.datacenters import DATA_CENTERS


class _Connection(click.ParamType[ConnectionName]):
    name = "name"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> ConnectionName:
        try:
            return connection_name(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


CONNECTION: Final = _Connection()

# A client's name follows the same rule: both are the last part of a path in Vault.
CLIENT: Final = _Connection()


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


_BY_NAME: Final = {center.location: center.accounts_server for center in DATA_CENTERS}


class _AccountsServer(click.ParamType[Origin]):
    name = "data centre"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Origin:
        if isinstance(value, Origin):
            return value
        text = str(value)
        if text in _BY_NAME:
            return _BY_NAME[text]
        try:
            return parse_origin(text)
        except ValueError as error:
            self.fail(f"it is none of {', '.join(_BY_NAME)}, and {error}", param, ctx)


ACCOUNTS_SERVER: Final = _AccountsServer()
