"""Names of connections and of clients on the command line."""

from typing import Final

import click

from zoho_tokend.core.model import ConnectionName, connection_name


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
