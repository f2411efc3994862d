import pytest

from tests.unit.simulator.asking import Asker, access_token, an_asker, zoho_at_noon
from zoho_simulator import ClientKind

SCOPE = "ZohoCRM.org.READ"


def test_client_credentials_bring_an_access_token_and_never_a_refresh_token() -> None:
    zoho = zoho_at_noon()
    asker = Asker(zoho, zoho.add_client(kind=ClientKind.SELF))
    answer = asker.token("client_credentials", soid="ZohoCRM.60001", scope=SCOPE)
    assert set(answer.fields) == {"access_token", "api_domain", "token_type", "expires_in"}
    assert asker.accepts(access_token(answer))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        pytest.param({"soid": ""}, "missing_org_info", id="no organisation"),
        pytest.param({"soid": "60001"}, "missing_org_info", id="an organisation without its service"),
        pytest.param({"scope": ""}, "invalid_scope", id="no scope"),
        pytest.param({"scope": "everything"}, "invalid_scope", id="a scope that does not exist"),
        pytest.param({"client_secret": "x"}, "invalid_client", id="a wrong secret"),
    ],
)
def test_wrong_client_credentials_are_refused_by_name(wrong: dict[str, str], error: str) -> None:
    answer = an_asker().token("client_credentials", **{"soid": "ZohoCRM.60001", "scope": SCOPE, **wrong})
    assert (answer.status, answer.content) == (200, {"error": error})


def test_each_costs_one_of_the_clients_ten_issues() -> None:
    asker = an_asker()
    outcomes = [asker.token("client_credentials", soid=f"ZohoCRM.{org}", scope=SCOPE).outcome for org in range(11)]
    assert outcomes == ["issued"] * 10 + ["Access Denied"]
