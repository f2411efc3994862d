"""Network, clocks, egress and Vault: from facts to findings."""

from datetime import timedelta

import pytest

from tests.support.samples.builders import CRM
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.doctor.finding import Finding, Level
from zoho_tokend.doctor.network_checks import Role, Server, clocks, egress, in_use, network
from zoho_tokend.doctor.probe import Obstacle, Proxy, Reach, Step
from zoho_tokend.doctor.vault_checks import logged_in, reached
from zoho_tokend.vault.inspection import Health, Identity

EU = parse_origin("https://accounts.zoho.eu")
API = parse_origin("https://www.zohoapis.eu")
USERS = frozenset({CRM})
PROXY = Proxy(scheme="http", host="proxy.example", port=3128, logs_in=False)


def judged(role: Role, users: frozenset[ConnectionName], reach: Reach) -> Finding:
    (finding,) = network([Server(origin=reach.origin, role=role, connections=users)], [reach])
    return finding


@pytest.mark.parametrize(
    ("role", "users", "level"),
    [
        pytest.param(Role.ACCOUNTS, USERS, Level.WRONG, id="an accounts server in use"),
        pytest.param(Role.ACCOUNTS, frozenset(), Level.WARNING, id="an accounts server that nobody uses yet"),
        pytest.param(Role.API, USERS, Level.WARNING, id="an API domain, which only jobs need"),
    ],
)
def test_how_bad_an_unreachable_server_is(role: Role, users: frozenset[ConnectionName], level: Level) -> None:
    unreachable = Reach(origin=EU, obstacle=Obstacle(Step.CONNECTION, "nothing came of it within 5 s"))
    assert judged(role, users, unreachable).level is level


@pytest.mark.parametrize(
    ("step", "proxy", "fix"),
    [
        (Step.NAME, None, "DNS"),
        (Step.CONNECTION, None, "pass TCP to accounts.zoho.eu:443"),
        (Step.CONNECTION, PROXY, "whether http://proxy.example:3128 runs"),
        (Step.PROXY, PROXY, "CONNECT accounts.zoho.eu:443"),
        (Step.TLS, None, "SSL_CERT_FILE"),
        (Step.ANSWER, None, "pass TCP to accounts.zoho.eu:443"),
    ],
)
def test_each_step_that_fails_has_its_own_fix(step: Step, proxy: Proxy | None, fix: str) -> None:
    finding = judged(Role.ACCOUNTS, USERS, Reach(origin=EU, proxy=proxy, obstacle=Obstacle(step, "why")))
    assert fix in finding.fix
    assert "why (used by crm-prod)" in finding.finding


def test_somebody_elses_answer_in_zohos_place_is_a_warning() -> None:
    answered = Reach(origin=EU, addresses=("192.0.2.1",), tls="TLSv1.3", status=403)
    assert judged(Role.ACCOUNTS, USERS, answered).level is Level.WARNING
    assert judged(Role.API, USERS, answered).level is Level.OK


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0, Level.OK), (-30, Level.OK), (31, Level.WARNING), (-300, Level.WARNING), (301, Level.WRONG)],
)
def test_how_bad_a_skew_is(seconds: int, level: Level) -> None:
    (finding,) = clocks({"Vault": timedelta(seconds=seconds)})
    assert (finding.subject, finding.level) == ("Vault", level)


def test_egress_names_vault_the_proxy_each_host_and_the_allow_list() -> None:
    servers = in_use({(API, Role.API): USERS, (EU, Role.ACCOUNTS): USERS})
    found = list(egress(servers, vault_address="https://vault.example", proxies=[PROXY, PROXY]))
    assert [finding.subject for finding in found] == [
        "vault.example:443",
        "proxy.example:3128",
        "accounts.zoho.eu:443",
        "www.zohoapis.eu:443",
        "Zoho's Allowed IPs",
    ]


def test_a_daemon_that_heeds_reports_must_get_out_to_the_api_too() -> None:
    servers = in_use({(API, Role.API): USERS})
    for reports in (False, True):
        found = list(egress(servers, vault_address="https://vault.example", proxies=[], reports=reports))
        (told,) = [finding.finding for finding in found if finding.subject == "www.zohoapis.eu:443"]
        assert told.endswith("and the daemon, to see whether a reported token lives") is reports


def test_without_a_connection_all_of_zohos_own_servers_are_meant() -> None:
    assert {EU, API} < {server.origin for server in in_use({})}


@pytest.mark.parametrize(
    ("initialised", "is_sealed", "level"),
    [(True, False, Level.OK), (True, True, Level.WRONG), (False, True, Level.WRONG)],
)
def test_a_vault_works_if_it_is_initialised_and_unsealed(*, initialised: bool, is_sealed: bool, level: Level) -> None:
    told = Health(initialised=initialised, sealed=is_sealed, standby=False, version="1", skew=timedelta())
    assert reached("https://vault.example", told).level is level


@pytest.mark.parametrize(
    ("identity", "level"),
    [
        pytest.param(None, Level.WARNING, id="one that may not look itself up"),
        pytest.param(Identity(policies=("root",), renewable=False, lasts=None), Level.WARNING, id="root"),
        pytest.param(Identity(policies=("a",), renewable=True, lasts=timedelta(hours=1)), Level.OK, id="renewable"),
        pytest.param(Identity(policies=("a",), renewable=False, lasts=None), Level.OK, id="one without an end"),
        pytest.param(
            Identity(policies=("a",), renewable=False, lasts=timedelta(days=3)), Level.WARNING, id="one that will end"
        ),
        pytest.param(
            Identity(policies=("a",), renewable=False, lasts=timedelta(minutes=9)), Level.WRONG, id="one about to end"
        ),
    ],
)
def test_how_good_a_token_from_the_settings_is(identity: Identity | None, level: Level) -> None:
    (finding,) = logged_in("token", identity)
    assert finding.level is level
