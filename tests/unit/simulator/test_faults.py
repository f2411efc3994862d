from datetime import timedelta

import pytest

from tests.unit.simulator.asking import Asker, an_asker, zoho_at_noon
from zoho_simulator import Endpoint
from zoho_simulator.faults import (
    Fault,
    always,
    api_domain_missing,
    both,
    clock_skew,
    cut_off,
    delayed,
    drip,
    drop,
    empty,
    error,
    general_error,
    hang,
    html,
    html_502,
    huge_body,
    lifetime_as_text,
    lifetime_in_ms,
    lifetime_missing,
    lost_answer,
    ok,
    redirect,
    rotated_refresh_token,
    then,
    throttled,
    times,
    truncated_json,
    wrong_content_type,
)
from zoho_simulator.faults.script import read_script
from zoho_simulator.rules.messages import Answer, End


def struck(fault: Fault) -> tuple[Answer, Asker]:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    asker.zoho.fault(fault)
    return asker.refresh(refresh_token), asker


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        pytest.param(html_502(), 502, "<html>", id="a gateway's page"),
        pytest.param(html(), 200, "<html>", id="a page at 200"),
        pytest.param(general_error(), 200, '{"error":"general_error"}', id="general_error"),
        pytest.param(error("brand_new", 418), 418, '{"error":"brand_new"}', id="an unknown code at any status"),
        pytest.param(throttled(), 400, '"error":"Access Denied"', id="a throttle at 400"),
        pytest.param(throttled(200), 200, '"error":"Access Denied"', id="a throttle at 200"),
        pytest.param(throttled(429), 429, '"error":"Access Denied"', id="a throttle at 429"),
        pytest.param(empty(), 200, "", id="no body"),
        pytest.param(redirect(), 302, "", id="a redirect"),
    ],
)
def test_a_stand_in_is_sent_and_nothing_is_issued(fault: Fault, status: int, body: str) -> None:
    answer, asker = struck(fault)
    assert answer.status == status
    assert body in answer.text
    assert [entry.outcome for entry in asker.zoho.journal.requests()] != ["issued"]


def test_a_throttle_may_name_a_time_and_a_redirect_names_a_place() -> None:
    assert struck(throttled(retry_after=30))[0].headers == {"Retry-After": "30"}
    assert struck(redirect("https://elsewhere.test/"))[0].headers == {"Location": "https://elsewhere.test/"}


def test_a_huge_body_is_as_huge_as_asked() -> None:
    assert len(struck(huge_body(2))[0].text) == 2 * 1024 * 1024


@pytest.mark.parametrize(
    ("fault", "there", "gone"),
    [
        pytest.param(
            lifetime_in_ms(), {"expires_in": 3_600_000, "expires_in_sec": 3600}, (), id="milliseconds and seconds"
        ),
        pytest.param(
            lifetime_in_ms(with_seconds=False), {"expires_in": 3_600_000}, ("expires_in_sec",), id="milliseconds alone"
        ),
        pytest.param(lifetime_as_text(), {"expires_in": "3600"}, (), id="text"),
        pytest.param(lifetime_missing(), {}, ("expires_in",), id="no lifetime"),
        pytest.param(api_domain_missing(), {}, ("api_domain",), id="no API domain"),
    ],
)
def test_the_fields_of_a_good_answer_can_be_odd(fault: Fault, there: dict[str, object], gone: tuple[str, ...]) -> None:
    fields = struck(fault)[0].fields
    assert there.items() <= fields.items()
    assert not fields.keys() & set(gone)
    assert "access_token" in fields


@pytest.mark.parametrize("fault", [lifetime_in_ms(), lifetime_as_text(), lifetime_missing(), rotated_refresh_token()])
def test_an_odd_success_leaves_a_refusal_as_it_is(fault: Fault) -> None:
    asker = an_asker()
    asker.zoho.fault(fault)
    assert asker.refresh("1000.unknown").content == {"error": "invalid_code"}


@pytest.mark.parametrize("fault", [lost_answer(), cut_off(), truncated_json(), drip(), delayed(1)])
def test_a_token_whose_answer_is_lost_was_issued_all_the_same(fault: Fault) -> None:
    (entry,) = struck(fault)[1].zoho.journal.requests()
    assert (entry.outcome, entry.fault) == ("issued", fault.name)


def test_answers_travel_as_told() -> None:
    assert struck(drop())[0].delivery.end is End.DROPPED
    assert struck(cut_off())[0].delivery.end is End.CUT
    assert struck(hang(7))[0].delivery.wait == timedelta(seconds=7)
    assert struck(drip(0.5))[0].delivery.pause == timedelta(seconds=0.5)
    assert struck(wrong_content_type("text/plain"))[0].content_type == "text/plain"
    assert struck(clock_skew(-90))[0].clock_skew == timedelta(seconds=-90)


def test_truncated_json_is_the_first_half_of_the_true_answer() -> None:
    text = struck(truncated_json())[0].text
    assert text.startswith('{"access_token":"1000.')
    assert not text.endswith("}")


def test_a_rotated_refresh_token_is_the_only_one_that_still_works() -> None:
    asker = an_asker()
    old = asker.zoho.consent(asker.client)
    asker.zoho.fault(rotated_refresh_token())
    new = str(asker.refresh(old).fields["refresh_token"])
    assert new != old
    assert asker.refresh(old).outcome == "invalid_code"
    assert asker.refresh(new).outcome == "issued"


def test_several_faults_strike_one_answer_at_once() -> None:
    answer, _ = struck(both(lifetime_as_text(), api_domain_missing(), clock_skew(60)))
    assert answer.fields["expires_in"] == "3600"
    assert "api_domain" not in answer.fields
    assert answer.clock_skew == timedelta(minutes=1)


def test_a_stand_in_can_be_altered_too() -> None:
    answer, _ = struck(both(throttled(), drip(2)))
    assert (answer.outcome, answer.delivery.pause) == ("Access Denied", timedelta(seconds=2))


def outcomes(asker: Asker, count: int) -> list[str]:
    refresh_token = asker.zoho.consent(asker.client)
    return [asker.refresh(refresh_token).outcome for _ in range(count)]


def test_a_script_is_played_in_order_and_then_all_is_well() -> None:
    asker = an_asker()
    asker.zoho.fault(then(times(2, html_502()), ok(), general_error()))
    assert outcomes(asker, 5) == ["http_502", "http_502", "issued", "general_error", "issued"]


def test_a_script_repeats_as_a_whole() -> None:
    asker = an_asker()
    asker.zoho.fault(times(2, then(ok(), general_error())))
    assert outcomes(asker, 5) == ["issued", "general_error"] * 2 + ["issued"]


def test_a_bare_fault_happens_once() -> None:
    asker = an_asker()
    asker.zoho.fault(general_error())
    assert outcomes(asker, 2) == ["general_error", "issued"]


def test_a_fault_for_ever_ends_when_faults_are_cleared() -> None:
    asker = an_asker()
    asker.zoho.fault(always(general_error()))
    assert set(outcomes(asker, 20)) == {"general_error"}
    asker.zoho.clear_faults()
    assert outcomes(asker, 1) == ["issued"]


def test_the_script_that_was_set_last_goes_first() -> None:
    asker = an_asker()
    asker.zoho.fault(always(general_error()))
    asker.zoho.fault(html_502())
    assert outcomes(asker, 2) == ["http_502", "general_error"]


def test_a_fault_strikes_one_data_centre_alone() -> None:
    zoho = zoho_at_noon()
    client = zoho.add_client(also_in=["eu"])
    zoho.fault(always(general_error()), data_center="eu")
    assert Asker(zoho, client, "us").refresh("1000.x").outcome == "invalid_code"
    assert Asker(zoho, client, "eu").refresh("1000.x").outcome == "general_error"


def test_a_fault_strikes_one_client_or_one_refresh_token_alone() -> None:
    zoho = zoho_at_noon()
    one, other = Asker(zoho, zoho.add_client("one")), Asker(zoho, zoho.add_client("other"))
    ill, well = zoho.consent(one.client), zoho.consent(one.client)
    zoho.fault(always(general_error()), refresh_token=ill)
    zoho.fault(always(html_502()), client=other.client)
    assert one.refresh(ill).outcome == "general_error"
    assert one.refresh(well).outcome == "issued"
    assert other.refresh(well).outcome == "http_502"


def test_a_fault_of_the_token_endpoint_does_not_strike_the_api_unless_told() -> None:
    asker = an_asker()
    asker.zoho.fault(always(html_502()))
    assert asker.get("/crm/v8/org", "x").outcome == "INVALID_TOKEN"
    asker.zoho.fault(html_502(), endpoint=None)
    assert asker.get("/crm/v8/org", "x").outcome == "http_502"
    asker.zoho.fault(html(404), endpoint=Endpoint.REVOKE)
    assert asker.post("/oauth/v2/revoke/token", {}).status == 404


def test_a_script_can_be_said_in_json() -> None:
    asker = an_asker()
    steps: list[dict[str, object]] = [
        {"fault": "html", "status": 503, "times": 2},
        {
            "both": [
                {"fault": "lifetime_as_text"},
                {"fault": "api_domain_missing"},
                {"fault": "clock_skew", "seconds": 5},
            ]
        },
        {"fault": "ok"},
        {"fault": "general_error", "times": "always"},
    ]
    asker.zoho.fault(read_script(steps))
    assert outcomes(asker, 6) == ["http_503", "http_503", "issued", "issued", "general_error", "general_error"]
    struck_by = [entry.fault for entry in asker.zoho.journal.requests()]
    assert struck_by[2] == "lifetime_as_text+api_domain_missing+clock_skew"


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        pytest.param({}, "a step names its fault", id="a step without a fault"),
        pytest.param({"fault": "earthquake"}, "a step names its fault", id="a fault that does not exist"),
        pytest.param({"fault": "ok", "times": 0}, "times is a whole number", id="never"),
        pytest.param({"fault": "hang", "minutes": 1}, "does not take these arguments", id="an unknown argument"),
        pytest.param({"fault": "hang", "seconds": "1"}, "does not take these arguments", id="an ill-typed argument"),
        pytest.param({"both": [{"fault": "ok"}]}, "two faults or more", id="both of one"),
    ],
)
def test_a_script_that_makes_no_sense_is_refused_with_the_reason(step: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_script([step])
