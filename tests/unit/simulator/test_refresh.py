import re

import pytest

from tests.unit.simulator.asking import Asker, access_token, an_asker, minutes, zoho_at_noon


def test_a_refresh_answers_the_four_documented_fields_and_no_refresh_token() -> None:
    asker = an_asker()
    answer = asker.refresh(asker.zoho.consent(asker.client))
    assert answer.status == 200
    assert list(answer.fields) == ["access_token", "api_domain", "token_type", "expires_in"]
    assert re.fullmatch(r"1000\.[0-9a-f]{32}\.[0-9a-f]{32}", access_token(answer))
    assert answer.fields["api_domain"] == "http://us.test"
    assert answer.fields["token_type"] == "Bearer"
    assert answer.fields["expires_in"] == 3600


def test_a_refresh_leaves_the_older_access_token_alive() -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    older = access_token(asker.refresh(refresh_token))
    newer = access_token(asker.refresh(refresh_token))
    assert asker.accepts(older)
    assert asker.accepts(newer)


def test_an_access_token_dies_at_the_end_of_its_lifetime() -> None:
    asker = an_asker()
    token = access_token(asker.refresh(asker.zoho.consent(asker.client)))
    asker.zoho.advance(minutes(59.9))
    assert asker.accepts(token)
    asker.zoho.advance(minutes(0.1))
    assert not asker.accepts(token)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        pytest.param({"refresh_token": "1000.unknown"}, "invalid_code", id="an unknown refresh token"),
        pytest.param({"client_id": "1000.NOBODY"}, "invalid_client", id="an unknown client id"),
        pytest.param({"client_secret": "0" * 42}, "invalid_client", id="a wrong client secret"),
        pytest.param({"client_secret": ""}, "invalid_client", id="no client secret"),
        pytest.param({"grant_type": "password"}, "unsupported_grant_type", id="a grant type that Zoho does not have"),
    ],
)
def test_a_wrong_form_is_refused_by_name_at_http_200(wrong: dict[str, str], error: str) -> None:
    asker = an_asker()
    right = {"grant_type": "refresh_token", "refresh_token": asker.zoho.consent(asker.client), **asker.named}
    answer = asker.post("/oauth/v2/token", {**right, **wrong})
    assert (answer.status, answer.content) == (200, {"error": error})


def test_a_grant_code_pasted_as_a_refresh_token_is_an_invalid_code() -> None:
    asker = an_asker()
    assert asker.refresh(asker.zoho.grant_code(asker.client)).outcome == "invalid_code"


def test_a_refresh_token_of_another_client_is_an_invalid_code() -> None:
    asker = an_asker()
    another = asker.zoho.add_client("another")
    assert asker.refresh(asker.zoho.consent(another)).outcome == "invalid_code"


def test_renewed_secrets_shut_out_whoever_holds_the_old_one() -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    renewed = asker.zoho.renew_secrets(asker.client)
    assert asker.refresh(refresh_token).outcome == "invalid_client"
    assert Asker(asker.zoho, renewed).refresh(refresh_token).outcome == "issued"


def test_a_client_is_unknown_outside_its_home() -> None:
    zoho = zoho_at_noon()
    client = zoho.add_client(home="eu")
    refresh_token = zoho.consent(client)
    assert Asker(zoho, client, "us").refresh(refresh_token).outcome == "invalid_client"
    assert Asker(zoho, client, "eu").refresh(refresh_token).fields["api_domain"] == "http://eu.test"


def test_an_application_of_several_data_centres_has_one_id_and_a_secret_in_each() -> None:
    zoho = zoho_at_noon()
    client = zoho.add_client(home="us", also_in=["eu"])
    refresh_token = zoho.consent(client)
    assert client.secrets["us"] != client.secrets["eu"]
    assert Asker(zoho, client, "us", client.secrets["eu"]).refresh(refresh_token).outcome == "invalid_client"
    assert Asker(zoho, client, "us", client.secrets["us"]).refresh(refresh_token).outcome == "issued"


def test_a_refresh_token_of_one_data_centre_is_an_invalid_code_in_another() -> None:
    zoho = zoho_at_noon()
    client = zoho.add_client(also_in=["eu"], same_secret=True)
    refresh_token = zoho.consent(client)
    assert Asker(zoho, client, "eu").refresh(refresh_token).outcome == "invalid_code"
