"""What the simulator and the Vault fixture can do to a daemon, and the alert that must come of each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tests.support.places.drill_place import CRM, Place
from tests.support.samples.builders import MINUTE
from tests.support.servers.cluster import Cluster, a_cluster
from tests.support.servers.relay_in_thread import ThreadedRelay, relay_in_thread
from zoho_simulator import Client
from zoho_simulator.faults import always, clock_skew, delayed, drop, html_502, rotated_refresh_token, throttled
from zoho_tokend.core.model import ConnectionName

Step = Callable[[Place], None]

# Tokens that are replaced every sixteen seconds or so.
QUICK: Final = timedelta(seconds=90)
QUICKLY: Final = {"REFRESH_AT": "0.2"}
SIBLINGS: Final = [ConnectionName(f"crm-{number}") for number in range(6)]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault, from its beginning to its cause's end.

    Attributes:
        strike: the daemon runs, and it happens.
        mend: where the cause lies outside of our reach, it ends so; else the runbook's commands must do it.
        lifetime: of the tokens of the site.
        over: whether it is over when the commands have been run; one alert tells of the past hour.
    """

    strike: Step
    mend: Step = lambda _place: None
    lifetime: timedelta = timedelta(hours=1)
    over: bool = True


def zoho_is_well(place: Place) -> None:
    place.site.zoho.clear_faults()


def outage_of_zoho(left: timedelta, **settings: str) -> Fault:
    """Zoho's gateway answers with a page while so much of the last token is left."""

    def strike(place: Place) -> None:
        place.settings |= settings
        place.site.zoho.fault(always(html_502()), refresh_token=place.connect(left=left))
        place.start()

    return Fault(strike=strike, mend=zoho_is_well)


def consent_revoked(place: Place) -> None:
    application = place.connect_self_client(left=20 * MINUTE)
    place.site.zoho.revoke(str(place.site.corner.fields(f"credentials/{CRM}")["refresh_token"]))
    place.typed = place.site.zoho.grant_code(application) + "\n"
    place.start()


def secret_renewed(place: Place) -> None:
    application: Client = place.connect_self_client(left=20 * MINUTE)
    place.typed = place.site.zoho.renew_secrets(application).client_secret + "\n"
    place.start()


def unreachable_data_center(place: Place) -> None:
    place.site.zoho.fault(always(drop()), refresh_token=place.connect())
    place.start()


def another_program_spends_the_budget(place: Place) -> None:
    place.site.zoho.fault(always(throttled(400)), refresh_token=place.connect(left=20 * MINUTE))
    place.start()


def policy_narrowed_while_zoho_answers(place: Place) -> None:
    place.site.zoho.fault(delayed(4), refresh_token=place.connect())
    place.start()
    place.daemon.until(lambda: place.site.zoho.journal.entries, "Zoho is asked")
    place.grant(place.rules.replace('"create", "update", "read"', '"read"'))


def everybody_fails(place: Place) -> None:
    for name in SIBLINGS:
        place.site.zoho.fault(always(html_502()), refresh_token=place.connect(left=20 * MINUTE, name=name))
    place.connect()
    place.start()


def refresh_token_rotated(place: Place) -> None:
    place.start()
    place.until_scraped()
    client = place.site.client()
    refresh_token = place.site.zoho.consent(client, "rotating@example.com")
    place.site.zoho.fault(rotated_refresh_token(), refresh_token=refresh_token)
    place.site.put(CRM, place.site.fields(client, refresh_token=refresh_token))


def credentials_deleted(place: Place) -> None:
    place.settings |= QUICKLY
    for name in (CRM, *SIBLINGS):
        place.connect(name=name)
    place.start()
    place.daemon.until(lambda: place.daemon.metric("connections", state="fresh") == 1 + len(SIBLINGS), "all are fresh")
    place.until_scraped()
    for name in (CRM, *SIBLINGS[:3]):
        place.site.corner.delete(f"credentials/{name}")


def daemon_killed(place: Place) -> None:
    place.connect()
    place.start()
    place.until_scraped()
    place.daemon.kill()


def two_replicas_without_election(place: Place) -> None:
    place.connect()
    place.start()
    place.start()


def leases_denied() -> Fault:
    """The Role of two replicas loses the Lease, and is given it again."""
    clusters: list[Cluster] = []

    def strike(place: Place) -> None:
        clusters.append(elected(place))
        place.connect()
        place.start()
        place.start()
        clusters[0].verbs -= {"create", "update"}

    return Fault(strike=strike, mend=lambda _place: clusters[0].verbs.update({"create", "update"}))


def elected(place: Place) -> Cluster:
    """Every daemon of the place wants the Lease of this cluster."""
    cluster = place.stack.enter_context(a_cluster())
    place.settings |= {"LEADER_ELECTION": "kubernetes", "LEASE_DURATION": "6s", "RENEW_DEADLINE": "4s"}
    place.settings |= {"RETRY_PERIOD": "1s"}
    place.variables |= {"KUBECONFIG": str(cluster.kubeconfig(place.site.folder))}
    return cluster


def vault_cut_off() -> Fault:
    """The network to Vault is cut, and mended."""
    relays: list[ThreadedRelay] = []

    def strike(place: Place) -> None:
        relays.append(place.stack.enter_context(relay_in_thread(place.site.corner.address)))
        place.settings |= {"VAULT_ADDR": relays[0].address}
        place.connect()
        place.start()
        place.until_scraped()
        relays[0].cut()

    return Fault(strike=strike, mend=lambda _place: relays[0].mend())


def _with_a_token_file(place: Place, **wishes: object) -> str:
    token = place.site.corner.admin.token(place.policy, **wishes).reveal()
    file = place.site.folder / "vault-token"
    file.write_text(token)
    place.settings |= {"VAULT_AUTH": "token-file", "VAULT_TOKEN_FILE": str(file)}
    place.connect()
    place.start()
    return token


def vault_token_revoked(place: Place) -> None:
    token = _with_a_token_file(place)
    place.site.corner.admin.ask("POST", "auth/token/revoke", {"token": token})


def vault_token_at_its_maximum(place: Place) -> None:
    _with_a_token_file(place, ttl="90s", explicit_max_ttl="90s", renewable=False)


def listing_denied(place: Place) -> None:
    place.connect()
    place.start()
    place.until_scraped()
    place.grant(place.rules.replace('["list"]', '["read"]'))


def clock_of_zoho_wrong(place: Place) -> None:
    place.settings |= QUICKLY
    place.site.zoho.fault(always(clock_skew(90)), refresh_token=place.connect())
    place.start()


FAULTS: Final[dict[str, Fault]] = {
    # These take a minute each: what Zoho says counts when it has said it twice, a minute apart.
    "ZohoConnectionNeedsConsent": Fault(strike=consent_revoked),
    "ZohoConnectionMisconfigured": Fault(strike=secret_renewed),
    "ZohoTokendVaultTokenEnding": Fault(strike=vault_token_at_its_maximum),
    "ZohoTokenRefreshLate": outage_of_zoho(12 * MINUTE),
    "ZohoTokenExpiringSoon": outage_of_zoho(6 * MINUTE),
    "ZohoTokenExpired": outage_of_zoho(-MINUTE),
    "ZohoPromiseMissed": outage_of_zoho(6 * MINUTE, PER_CONNECTION_METRICS="off"),
    "ZohoConnectionWithoutToken": Fault(strike=unreachable_data_center, mend=zoho_is_well),
    "ZohoConnectionThrottled": Fault(strike=another_program_spends_the_budget, mend=zoho_is_well),
    "ZohoTokensUnsaved": Fault(strike=policy_narrowed_while_zoho_answers),
    "ZohoFleetFailing": Fault(strike=everybody_fails, mend=zoho_is_well),
    "ZohoRefreshTokenRotated": Fault(strike=refresh_token_rotated, over=False),
    "ZohoConnectionsDropped": Fault(strike=credentials_deleted, lifetime=QUICK),
    "ZohoTokendAbsent": Fault(strike=daemon_killed),
    "ZohoTokendNoLeader": leases_denied(),
    "ZohoTokendTwoLeaders": Fault(strike=two_replicas_without_election),
    "ZohoTokendVaultUnavailable": vault_cut_off(),
    "ZohoTokendVaultSessionLost": Fault(strike=vault_token_revoked),
    "ZohoTokendDiscoveryFailing": Fault(strike=listing_denied),
    "ZohoTokendClockSkewed": Fault(strike=clock_of_zoho_wrong, mend=zoho_is_well, lifetime=QUICK),
}

NOT_DRILLED: Final = {
    "ZohoRefreshesStartLate": "it takes more work than one machine can do in a minute",
    "ZohoTokendTaskCrashed": "only a defect of ours makes a task crash",
    "ZohoTokendStalled": "a process that stands still does not answer Prometheus either: only a defect of ours does it",
}
