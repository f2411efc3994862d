"""The steps from a grant to a connection, whatever the flow: reserve, obtain, write, prove, see the daemon, revoke."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from zoho_tokend.app.operator import Operator, operator
from zoho_tokend.cli.consent_flows import Obtain
from zoho_tokend.cli.running_daemon import local_address, pickup_sentence
from zoho_tokend.cli.terminal import Terminal
from zoho_tokend.concurrency import map_concurrently
from zoho_tokend.core.errors import Conflict, NoCredential, RecordUnreadable, RefreshError, TokendError
from zoho_tokend.core.model import ConnectionName, Credential, Grant, GrantType, RefreshTokenGrant
from zoho_tokend.core.registration import Registration
from zoho_tokend.operations.authorize import Authorization, WriteSlot
from zoho_tokend.operations.credential_writer import PATIENCE, CredentialWriter, record
from zoho_tokend.operations.rescue_file import Rescued
from zoho_tokend.settings import Settings

_AT_ONCE: Final = 8


class StoredMeanwhile(TokendError):
    """Another credential was stored since the rescue file was written."""


class NotNamed(TokendError):
    """The replaced credential does not have what the command line left out."""


class OldAlive(TokendError):
    """The new grant works, and the old one was not revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeRequest:
    """What the person asked for.

    Attributes:
        client: None for the client of the replaced credential.
        grant_type: what the client is used for.
        scope_needed: whether the flow needs a scope; where none is given it is that of the replaced credential.
        patience: how long the write to Vault is retried before the credential goes into a rescue file.
        rescue_folder: where that file is written.
    """

    connection: ConnectionName
    client: str | None
    grant_type: GrantType = GrantType.REFRESH_TOKEN
    scope: str | None = None
    scope_needed: bool = False
    replace: bool = False
    revoke_old: bool = False
    patience: timedelta = PATIENCE
    rescue_folder: Path = Path()


async def authorize_connection(here: Operator, terminal: Terminal, request: AuthorizeRequest, obtain: Obtain) -> None:
    """Make the connection, and say each step.

    Raises:
        TokendError: there is no connection; the text says why, and what to do.
    """
    if request.client is not None:
        await _client(here, request, request.client)
    connecting = _authorization(here, terminal, request.patience, request.rescue_folder)
    slot = await connecting.reserve(request.connection, replace=request.replace)
    registration = await _client(here, request, request.client or _as_before("client", slot))
    here.servers.check(registration.accounts_server)  # before the person is shown, or a browser opens, its address
    scope = request.scope or (_as_before("scope", slot) if request.scope_needed else None)
    replaced = await _replaced(here, slot)
    fields = await obtain(here, terminal, registration, scope)
    proved = await connecting.connect(slot, fields)
    await _report_daemon(here, terminal, request.connection)
    if request.revoke_old and proved:
        await _revoke_old(here, terminal, request.connection, replaced)
    elif request.revoke_old:
        terminal.say("The replaced refresh token is not revoked: the new one has not proved itself yet.")


async def finish_rescued(settings: Settings, rescued: Rescued, file: Path, *, replace: bool) -> None:
    """Write the credential of a rescue file to Vault, and delete the file.

    Raises:
        TokendError: it is not in Vault, and the file stays.
    """
    async with operator(settings) as here:
        terminal = Terminal()
        await here.registry.prove_writable(rescued.connection)
        version = await _record_rescued(here, rescued, file, replace=replace)
        await asyncio.to_thread(file.unlink)
        terminal.say(f"The credential of {rescued.connection} is in Vault, as version {version}; {file} is deleted.")
        await _authorization(here, terminal, PATIENCE, Path()).prove(rescued.connection)
        await _report_daemon(here, terminal, rescued.connection)


async def _record_rescued(here: Operator, rescued: Rescued, file: Path, *, replace: bool) -> int:
    after_version = rescued.after_version
    if replace:
        after_version = (await here.registry.credential(rescued.connection)).version
    try:
        return await record(here.registry, rescued, after_version=after_version)
    except Conflict:
        raise StoredMeanwhile(
            f"another credential of {rescued.connection} was stored since {file} was written, and nothing was changed: "
            "pass --replace to put the rescued one in its place, or delete the file"
        ) from None


def _authorization(here: Operator, terminal: Terminal, patience: timedelta, rescue_folder: Path) -> Authorization:
    return Authorization(
        credentials=here.registry,
        tokens=here.store,
        prover=here.zoho,
        one_shot=here.one_shot,
        writer=CredentialWriter(
            here.registry, terminal, clock=here.clock, folder=rescue_folder.absolute(), patience=patience
        ),
        person=terminal,
    )


async def _client(here: Operator, request: AuthorizeRequest, name: str) -> Registration:
    """Read the client and prove that the connection may use it, before a consent is asked for."""
    registration = await here.registry.client(name)
    registration.check_use(request.connection, request.grant_type)
    return registration


def _as_before(field: str, slot: WriteSlot) -> str:
    value = (slot.replaced or {}).get(field)
    if not isinstance(value, str) or not value:
        raise NotNamed(f"the credential of {slot.connection} has no field '{field}' to keep: pass --{field}")
    return value


async def _replaced(here: Operator, slot: WriteSlot) -> Credential | None:
    """Return the credential that is about to be replaced; None where it cannot be read."""
    if slot.replaced is None:
        return None
    try:
        return await here.store.credential(slot.connection, fresh=True)
    except (RefreshError, NoCredential):
        return None


async def _report_daemon(here: Operator, terminal: Terminal, connection: ConnectionName) -> None:
    patience = here.settings.discovery_interval + timedelta(seconds=5)
    address = local_address(here.settings.listen)
    terminal.say(f"{await pickup_sentence(connection, address, within=patience)}.")


async def _revoke_old(
    here: Operator, terminal: Terminal, connection: ConnectionName, replaced: Credential | None
) -> None:
    match replaced:
        case Credential(grant=RefreshTokenGrant(refresh_token=old) as grant, client=client, accounts_server=server):
            try:
                others = await _holders(here, grant, besides=connection)
                if others:
                    raise OldAlive(
                        f"the new grant works, and the replaced refresh token was left alive, for {', '.join(others)} "
                        "still needs it: replace it there too, with --revoke-old at the last"
                    )
                how = await here.zoho.revoke(old, client, accounts_server=server)
            except OldAlive:
                raise
            except TokendError as error:
                raise OldAlive(
                    f"the new grant works, and the replaced refresh token may be alive: {error}; revoke it in the "
                    "user's Zoho account, under Connected Apps"
                ) from None
            terminal.say(f"The replaced refresh token is {how}.")
        case _:
            terminal.say("There was no old refresh token that could be revoked.")


async def _holders(here: Operator, grant: Grant, *, besides: ConnectionName) -> list[ConnectionName]:
    """Return the other connections with this grant, which would die with it.

    Raises:
        NotAllowed, VaultUnavailable: it cannot be known.
    """

    async def holds(name: ConnectionName) -> bool:
        try:
            return (await here.store.credential(name, fresh=True)).grant == grant
        except (RecordUnreadable, NoCredential):
            return False

    others = sorted((await here.store.names()).names - {besides})
    held = await map_concurrently(holds, others, at_once=_AT_ONCE)
    return [name for name, holding in zip(others, held, strict=True) if holding]
