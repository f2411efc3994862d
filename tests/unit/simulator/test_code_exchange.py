import base64
import hashlib

import pytest

from tests.unit.simulator.asking import NOON, Asker, access_token, an_asker, minutes, zoho_at_noon
from zoho_simulator import ClientKind, Consent, GrantCode, User

ONLINE, UNPROMPTED, PROMPTED = (False, True), (True, False), (True, True)  # offline, prompt
VERIFIER = "v" * 43
S256 = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def test_a_code_brings_an_access_token_and_a_refresh_token_that_both_work() -> None:
    asker = an_asker()
    answer = asker.exchange(asker.zoho.grant_code(asker.client))
    assert set(answer.fields) == {"access_token", "refresh_token", "api_domain", "token_type", "expires_in"}
    assert asker.accepts(access_token(answer))
    assert asker.refresh(str(answer.fields["refresh_token"])).outcome == "issued"


@pytest.mark.parametrize(
    ("consents", "brings"),
    [
        pytest.param([ONLINE], [False], id="online brings none"),
        pytest.param([UNPROMPTED], [True], id="the first offline consent brings one without prompt"),
        pytest.param([PROMPTED, UNPROMPTED], [True, False], id="a repeated consent without prompt brings none"),
        pytest.param([PROMPTED, PROMPTED], [True, True], id="every prompted consent brings another"),
    ],
)
def test_whether_a_refresh_token_comes(consents: list[tuple[bool, bool]], brings: list[bool]) -> None:
    asker = an_asker()
    answers = [
        asker.exchange(asker.zoho.grant_code(asker.client, offline=offline, prompt=prompt))
        for offline, prompt in consents
    ]
    assert ["refresh_token" in answer.fields for answer in answers] == brings


def test_after_the_refresh_token_was_revoked_a_consent_is_a_first_one_again() -> None:
    asker = an_asker()
    asker.zoho.revoke(asker.zoho.consent(asker.client))
    answer = asker.exchange(asker.zoho.grant_code(asker.client, prompt=False))
    assert "refresh_token" in answer.fields


def test_a_code_is_spent_by_its_first_use() -> None:
    asker = an_asker()
    code = asker.zoho.grant_code(asker.client)
    assert asker.exchange(code).outcome == "issued"
    assert asker.exchange(code).outcome == "invalid_code"


@pytest.mark.parametrize(
    ("kind", "lifetime"),
    [
        pytest.param(ClientKind.SERVER, 2, id="a code of the web flow lives two minutes"),
        pytest.param(ClientKind.SELF, 3, id="a code of the console lives three minutes"),
    ],
)
def test_a_code_expires(kind: ClientKind, lifetime: int) -> None:
    zoho = zoho_at_noon()
    asker = Asker(zoho, zoho.add_client(kind=kind))
    timely, late = zoho.grant_code(asker.client), zoho.grant_code(asker.client)
    zoho.advance(minutes(lifetime - 0.1))
    assert asker.exchange(timely).outcome == "issued"
    zoho.advance(minutes(0.1))
    assert asker.exchange(late).outcome == "invalid_code"


def test_a_self_client_names_no_redirect_uri_and_always_gets_a_refresh_token() -> None:
    zoho = zoho_at_noon()
    asker = Asker(zoho, zoho.add_client(kind=ClientKind.SELF))
    zoho.consent(asker.client)
    answer = asker.exchange(zoho.grant_code(asker.client, offline=False, prompt=False))
    assert "refresh_token" in answer.fields


def test_the_redirect_uri_must_be_the_same_to_the_letter() -> None:
    asker = an_asker()
    answer = asker.exchange(asker.zoho.grant_code(asker.client), redirect_uri="http://127.0.0.1/callback/")
    assert (answer.status, answer.content) == (200, {"error": "invalid_redirect_uri"})


def test_another_clients_code_is_an_invalid_code_and_is_not_spent_by_it() -> None:
    asker = an_asker()
    code = asker.zoho.grant_code(asker.client)
    assert Asker(asker.zoho, asker.zoho.add_client("another")).exchange(code).outcome == "invalid_code"
    assert asker.exchange(code).outcome == "issued"


@pytest.mark.parametrize(
    ("challenge", "method", "verifier", "outcome"),
    [
        pytest.param(S256, "S256", VERIFIER, "issued", id="S256 and the right verifier"),
        pytest.param(S256, "S256", "w" * 43, "invalid_code", id="S256 and a wrong verifier"),
        pytest.param(S256, "S256", "", "invalid_code", id="S256 and no verifier"),
        pytest.param(VERIFIER, "plain", VERIFIER, "issued", id="plain and the right verifier"),
        pytest.param(VERIFIER, "plain", S256, "invalid_code", id="plain and a wrong verifier"),
    ],
)
def test_pkce(challenge: str, method: str, verifier: str, outcome: str) -> None:
    zoho = zoho_at_noon()
    asker = Asker(zoho, zoho.add_client(kind=ClientKind.MOBILE))
    consent = Consent(
        client_id=asker.client.client_id, user=User(email="ann", data_center="us"), scope="ZohoCRM.org.READ"
    )
    code = zoho.add_code(
        GrantCode(
            consent=consent,
            expires_at=NOON + minutes(2),
            redirect_uri=asker.client.redirect_uris[0],
            challenge=challenge,
            challenge_method=method,
        )
    )
    assert asker.exchange(code, code_verifier=verifier, client_secret="").outcome == outcome


def test_a_user_of_another_data_centre_has_the_code_exchanged_there() -> None:
    zoho = zoho_at_noon()
    client = zoho.add_client(home="us", also_in=["eu"])
    code = zoho.grant_code(client, User(email="ann", data_center="eu"))
    assert Asker(zoho, client, "us").exchange(code).outcome == "invalid_code"
    assert Asker(zoho, client, "eu").exchange(code).fields["api_domain"] == "http://eu.test"


def test_a_user_cannot_consent_where_the_client_is_not_enabled() -> None:
    zoho = zoho_at_noon()
    with pytest.raises(ValueError, match="not enabled in the data centre 'eu'"):
        zoho.grant_code(zoho.add_client(), User(email="ann", data_center="eu"))
