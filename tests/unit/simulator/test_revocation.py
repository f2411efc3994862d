import pytest

from tests.unit.simulator.asking import Asker, access_token, an_asker
from zoho_simulator.rules.messages import Answer

OLD, NEW = "/oauth/v2/token/revoke", "/oauth/v2/revoke/token"


def revoke(asker: Asker, path: str, token: str, kind: str = "refresh_token") -> Answer:
    if path == OLD:
        return asker.post(OLD, {"token": token})
    return asker.post(NEW, {"token": token, "token_type": kind}, authorization=asker.basic)


@pytest.mark.parametrize("path", [OLD, NEW])
def test_revoking_a_refresh_token_kills_its_access_tokens(path: str) -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    token = access_token(asker.refresh(refresh_token))
    answer = revoke(asker, path, refresh_token)
    assert (answer.status, answer.content) == (200, {"status": "success"} if path == OLD else {})
    assert not asker.accepts(token)
    assert asker.refresh(refresh_token).outcome == "invalid_code"


@pytest.mark.parametrize("path", [OLD, NEW])
def test_revoking_an_access_token_leaves_its_siblings_and_the_refresh_token(path: str) -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    first, second = (access_token(asker.refresh(refresh_token)) for _ in range(2))
    assert revoke(asker, path, first, "access_token").status == 200
    assert not asker.accepts(first)
    assert asker.accepts(second)
    assert asker.refresh(refresh_token).outcome == "issued"


@pytest.mark.parametrize(("path", "status"), [(OLD, 400), (NEW, 200)])
def test_an_unknown_token_is_refused(path: str, status: int) -> None:
    answer = revoke(an_asker(), path, "1000.unknown")
    assert (answer.status, answer.content) == (status, {"error": "invalid_token"})


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param("", id="none"),
        pytest.param("Basic !!", id="no base64"),
        pytest.param("Basic \xff", id="no ASCII"),
        pytest.param("Basic /w==", id="no UTF-8"),
        pytest.param("Basic eDp5", id="an unknown client"),
        pytest.param("Bearer eDp5", id="another scheme"),
    ],
)
def test_the_newer_contract_wants_the_client_to_name_itself(authorization: str) -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    answer = asker.post(NEW, {"token": refresh_token, "token_type": "refresh_token"}, authorization=authorization)
    assert answer.outcome == "invalid_client"
    assert asker.refresh(refresh_token).outcome == "issued"


def test_the_newer_contract_wants_the_type_of_the_token() -> None:
    asker = an_asker()
    assert revoke(asker, NEW, asker.zoho.consent(asker.client), "").outcome == "invalid_token"


def test_the_newer_contract_does_not_revoke_another_clients_token() -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.zoho.add_client("another"))
    assert revoke(asker, NEW, refresh_token).outcome == "invalid_token"
