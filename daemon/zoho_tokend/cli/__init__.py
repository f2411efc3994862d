"""What a person types; one module a command group. Exit codes: 0 done, 1 failed, 2 usage."""

from zoho_tokend.cli.authorize import authorize
from zoho_tokend.cli.client import client
from zoho_tokend.cli.connections import connections
from zoho_tokend.cli.demo import demo
from zoho_tokend.cli.doctor import doctor
from zoho_tokend.cli.group import main, version
from zoho_tokend.cli.healthcheck import healthcheck
from zoho_tokend.cli.policy import policy
from zoho_tokend.cli.refresh import refresh
from zoho_tokend.cli.revoke import revoke
from zoho_tokend.cli.run import run
from zoho_tokend.cli.settings import settings
from zoho_tokend.cli.token import token

for command in (
    run,
    demo,
    client,
    authorize,
    connections,
    token,
    refresh,
    revoke,
    doctor,
    policy,
    settings,
    healthcheck,
    version,
):
    main.add_command(command)

__all__ = ["main"]
