"""The examination: facts are gathered in order, from the settings outwards, and each area is judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from zoho_tokend.core.errors import VaultForbidden, VaultLoginRefused, VaultUnavailable
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.core.policy import Policy
from zoho_tokend.core.ports import Clock
from zoho_tokend.doctor import vault_checks as policies
from zoho_tokend.doctor import vault_checks as vaults
from zoho_tokend.doctor.connection_checks import connections
from zoho_tokend.doctor.finding import Area, Finding
from zoho_tokend.doctor.network_checks import Role, Server, clocks, egress, in_use, network
from zoho_tokend.doctor.probe import Probe
from zoho_tokend.doctor.records import CredentialFacts, DaemonsView, Examined, Reading, Records, TokenFacts
from zoho_tokend.doctor.vault_checks import Mount, kv, usable
from zoho_tokend.settings import Settings
from zoho_tokend.vault.client import VaultConfig
from zoho_tokend.vault.inspection import Inspection, KeyHistory, health
from zoho_tokend.vault.kv import Kv
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.session import Session
from zoho_tokend.vault.store import VaultStore
from zoho_tokend.zoho.datacenters import AccountsServers


@dataclass(slots=True, kw_only=True)
class Examination:
    """One examination.

    Attributes:
        session: not opened yet; whoever made it closes it.
        daemon: what a running daemon says of its connections; None where none answers.
    """

    settings: Settings
    policy: Policy
    config: VaultConfig
    session: Session
    store: VaultStore
    layout: Layout
    servers: AccountsServers
    probe: Probe
    clock: Clock
    daemon: Mapping[str, DaemonsView] | None
    _findings: list[Finding] = field(default_factory=list)
    _skews: dict[str, timedelta] = field(default_factory=dict)

    async def findings(self) -> Sequence[Finding]:
        """Everything that was found, in the order of the areas. Trouble ends no more than what depends on it."""
        self._findings += usable(self.settings, self.policy)
        records = Records()
        if await self._vault_is_usable():
            try:
                records = await self._records_and_policy()
            except VaultUnavailable as error:
                self._findings.append(vaults.unreachable(self.config.address, str(error)))
        await self._surroundings(in_use(_uses(records.examined)))
        return self._findings

    async def _vault_is_usable(self) -> bool:
        method, address = self.settings.vault_auth, self.config.address
        try:
            told = await health(self.config, self.clock)
            self._skews["Vault"] = told.skew
            self._findings.append(vaults.reached(address, told))
            if told.sealed or not told.initialised:
                return False
            await self.session.open()
            identity = await Inspection(self.session).identity()
        except VaultUnavailable as error:
            self._findings.append(vaults.unreachable(address, str(error)))
            return False
        except VaultLoginRefused as error:
            self._findings.append(vaults.refused(method, str(error)))
            return False
        self._findings += vaults.logged_in(method, identity)
        return True

    async def _records_and_policy(self) -> Records:
        inspection = Inspection(self.session)
        mounts = [await self._mount(inspection, name, setting) for name, setting in self.layout.mounts().items()]
        complaints: list[Finding] = []
        records = Records()
        if all(mount.engine == "kv 2" for mount in mounts):
            records = await self._records(inspection, complaints)
        await self._judge_policy(inspection, records)
        histories = {one.name: one.history for one in records.examined if one.history}
        for mount in mounts:
            self._findings += kv(mount, _written(histories))
        self._findings += complaints
        return records

    async def _records(self, inspection: Inspection, complaints: list[Finding]) -> Records:
        reading = Reading(
            kv=Kv(self.session, self.layout),
            store=self.store,
            inspection=inspection,
            layout=self.layout,
            servers=self.servers,
            clock=self.clock,
            at_once=self.settings.concurrency,
        )
        try:
            records = await reading.all()
        except VaultForbidden as error:
            fix = "load what `zoho-tokend policy daemon` prints"
            complaints.append(Area.CONNECTIONS.wrong("connections", str(error), fix=fix))
            return Records()
        complaints += connections(
            records.examined, records.ill_named, self.daemon, policy=self.policy, now=self.clock.now()
        )
        return records

    async def _judge_policy(self, inspection: Inspection, records: Records) -> None:
        names = [one.name for one in records.examined]
        needed = policies.needs(
            self.layout,
            names,
            records.clients,
            reports=self.settings.reports == "on",
            targets=self.settings.publish_targets,
        )
        granted = await inspection.granted([path for need in needed for path in need.paths])
        self._findings += policies.policy(needed, granted)

    async def _mount(self, inspection: Inspection, name: str, setting: str) -> Mount:
        engine = await inspection.engine(name)
        tokens_mount = self.layout.tokens_mount or self.layout.mount
        return Mount(
            name=name,
            setting=setting,
            engine=engine,
            rules=await inspection.mount_rules(name) if engine == "kv 2" else None,
            of_credentials=name == self.layout.mount,
            of_tokens=name == tokens_mount,
        )

    async def _surroundings(self, servers: Sequence[Server]) -> None:
        reached = await self.probe.all((server.origin, server.path) for server in servers)
        self._findings += network(servers, reached)
        for server, reach in zip(servers, reached, strict=True):
            if server.role is Role.ACCOUNTS and reach.skew is not None:
                self._skews[str(server.origin)] = reach.skew
        self._findings += clocks(self._skews)
        proxies = [reach.proxy for reach in reached if reach.proxy]
        self._findings += egress(
            servers, vault_address=self.config.address, proxies=proxies, reports=self.settings.reports == "on"
        )


def _written(histories: Mapping[ConnectionName, KeyHistory]) -> Mapping[ConnectionName, KeyHistory]:
    """Those of token records that are there."""
    return {name: history for name, history in histories.items() if history.current_version}


def _uses(examined: Sequence[Examined]) -> dict[tuple[Origin, Role], frozenset[ConnectionName]]:
    """Who needs which server; one to which nothing may be sent is not among them."""
    uses: dict[tuple[Origin, Role], frozenset[ConnectionName]] = {}
    for connection in examined:
        for use in _servers_of(connection):
            uses[use] = uses.get(use, frozenset()) | {connection.name}
    return uses


def _servers_of(connection: Examined) -> list[tuple[Origin, Role]]:
    credential, token = connection.credential, connection.token
    found: list[tuple[Origin, Role]] = []
    if isinstance(credential, CredentialFacts) and credential.allowed:
        found.append((credential.accounts_server, Role.ACCOUNTS))
    if isinstance(token, TokenFacts) and token.api_allowed:
        found.append((parse_origin(token.api_domain), Role.API))
    elif isinstance(credential, CredentialFacts) and credential.allowed and credential.usual_api_domain:
        found.append((parse_origin(credential.usual_api_domain), Role.API))
    return found
