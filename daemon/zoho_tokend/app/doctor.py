"""Compose the doctor, which reaches Vault and the network as the daemon does."""

from collections.abc import Mapping, Sequence
from urllib.request import getproxies

from zoho_tokend.app.adapters import layout_of, policy_of, vault, vault_config
from zoho_tokend.clock import SystemClock
from zoho_tokend.doctor.examination import Examination
from zoho_tokend.doctor.finding import Finding
from zoho_tokend.doctor.probe import Probe
from zoho_tokend.doctor.records import DaemonsView
from zoho_tokend.settings import Settings
from zoho_tokend.zoho.datacenters import AccountsServers
from zoho_tokend.zoho.transport import trust


async def examined(settings: Settings, daemon: Mapping[str, DaemonsView] | None) -> Sequence[Finding]:
    """Examine the set-up with these settings.

    Raises:
        BadSettings: the environment names a CA bundle that cannot be used.
    """
    clock = SystemClock()
    probe = Probe(trust=trust(), proxies=getproxies(), clock=clock)
    session, store = vault(settings, clock=clock, emit=lambda _event: None)
    try:
        return await Examination(
            settings=settings,
            policy=policy_of(settings),
            config=vault_config(settings),
            session=session,
            store=store,
            layout=layout_of(settings),
            servers=AccountsServers(settings.allowed_accounts_servers),
            probe=probe,
            clock=clock,
            daemon=daemon,
        ).findings()
    finally:
        await session.close()
