"""Accounts servers on the command line: the name of a data centre, or an origin."""

from typing import Final

import click

from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.zoho.datacenters import DATA_CENTERS

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
