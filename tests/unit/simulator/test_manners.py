import pytest

from tests.unit.simulator.asking import HOSTS, an_asker, minutes, zoho_at_noon
from zoho_simulator.rules.messages import Request
from zoho_simulator.rules.shapes import fingerprint


@pytest.mark.parametrize("parameter", ["client_secret", "refresh_token", "code", "token", "code_verifier"])
def test_a_secret_in_the_url_is_refused_and_held_against_us(parameter: str) -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **asker.named}
    request = Request(method="POST", path="/oauth/v2/token", query={parameter: "1000.secret"}, form=form)
    answer = asker.zoho.answer("us", request)
    assert answer.status == 400
    assert "form body" in answer.text
    assert [violation.parameters for violation in asker.zoho.journal.violations] == [(parameter,)]
    assert "1000.secret" not in repr(asker.zoho.journal)


def test_a_plain_refresh_is_held_against_nobody() -> None:
    asker = an_asker()
    asker.refresh(asker.zoho.consent(asker.client))
    assert asker.zoho.journal.violations == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/oauth/v2/token", 405, id="the token URL takes no GET"),
        pytest.param("POST", "/oauth/serverinfo", 405, id="serverinfo takes no POST"),
        pytest.param("GET", "/oauth/v9/token", 404, id="there is nothing elsewhere"),
    ],
)
def test_methods_and_paths(method: str, path: str, status: int) -> None:
    assert zoho_at_noon().answer("us", Request(method=method, path=path)).status == status


def test_serverinfo_names_every_data_centre() -> None:
    answer = zoho_at_noon().answer("eu", Request(method="GET", path="/oauth/serverinfo"))
    assert answer.content == {"result": "success", "locations": HOSTS}


def test_the_journal_tells_who_asked_for_what_and_how_it_ended_without_a_secret() -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    asker.refresh(refresh_token)
    asker.refresh("1000.unknown")
    issued, refused = asker.zoho.journal.requests()
    assert (issued.data_center, issued.grant_type, issued.outcome) == ("us", "refresh_token", "issued")
    assert (issued.refresh_token, issued.client_id) == (fingerprint(refresh_token), asker.client.client_id)
    assert refused.outcome == "invalid_code"
    for secret in (refresh_token, asker.client.client_secret):
        assert secret not in repr(asker.zoho.journal)


def test_the_journal_can_be_asked_for_one_refresh_token() -> None:
    asker = an_asker()
    mine, other = asker.zoho.consent(asker.client), asker.zoho.consent(asker.client)
    asker.refresh(mine)
    asker.refresh(other)
    asker.refresh(mine)
    assert len(asker.zoho.journal.requests(refresh_token=fingerprint(mine))) == 2
    assert asker.zoho.journal.requests(data_center="eu") == []


def test_the_journal_finds_the_busiest_ten_minutes_of_each_refresh_token() -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    for pause in (0, 4, 4, 4, 30, 1):
        asker.zoho.advance(minutes(pause))
        asker.refresh(refresh_token)
    assert asker.zoho.journal.busiest() == {fingerprint(refresh_token): 3}


def test_the_journal_knows_the_calls_of_the_api() -> None:
    asker = an_asker()
    asker.get("/crm/v8/org", "1000.unknown")
    assert [(call.path, call.outcome) for call in asker.zoho.journal.api_calls()] == [("/crm/v8/org", "INVALID_TOKEN")]


def test_time_moves_forward_only() -> None:
    with pytest.raises(ValueError, match="forward only"):
        zoho_at_noon().advance(minutes(-1))


def test_a_data_centre_that_is_not_simulated_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="'jp'"):
        _ = zoho_at_noon().jp
