from datetime import timedelta

import pytest

from tests.unit.simulator.asking import Asker, access_token, minutes, zoho_at_noon
from zoho_simulator import ClientKind, User
from zoho_simulator.rules.messages import Answer

SCOPE = "ZohoCRM.org.READ"


class Device(Asker):
    def start(self, **form: str) -> Answer:
        asked = {"client_id": self.client.client_id, "grant_type": "device_request", "scope": SCOPE}
        return self.post("/oauth/v3/device/code", {**asked, "access_type": "offline", "prompt": "consent", **form})

    def poll(self, code: object) -> Answer:
        self.zoho.advance(timedelta(seconds=5))
        return self.poll_at_once(code)

    def poll_at_once(self, code: object) -> Answer:
        return self.post("/oauth/v3/device/token", {**self.named, "grant_type": "device_token", "code": str(code)})


@pytest.fixture
def device() -> Device:
    zoho = zoho_at_noon()
    return Device(zoho, zoho.add_client(kind=ClientKind.DEVICE, also_in=["eu"]))


def test_a_device_gets_its_codes_and_spans_in_milliseconds(device: Device) -> None:
    started = device.start()
    assert str(started.fields["device_code"]).startswith("1004.")
    assert started.fields["verification_url"] == "http://us.test/oauth/v3/device"
    assert (started.fields["interval"], started.fields["expires_in"]) == (5000, 300_000)


def test_a_device_waits_until_a_person_says_yes_and_gets_its_tokens_once(device: Device) -> None:
    started = device.start()
    code = started.fields["device_code"]
    assert device.poll(code).content == {"error": "authorization_pending"}
    device.zoho.approve_device(str(started.fields["user_code"]))
    answer = device.poll(code)
    assert access_token(answer).startswith("1004.")
    assert str(answer.fields["refresh_token"]).startswith("1004.")
    assert device.accepts(access_token(answer))
    assert device.refresh(str(answer.fields["refresh_token"])).outcome == "issued"
    assert device.poll(code).outcome == "invalid_code"


def test_a_person_says_no(device: Device) -> None:
    started = device.start()
    device.zoho.refuse_device(str(started.fields["user_code"]))
    assert device.poll(started.fields["device_code"]).outcome == "access_denied"


def test_polling_faster_than_the_interval_is_told_to_slow_down(device: Device) -> None:
    code = device.start().fields["device_code"]
    assert device.poll(code).outcome == "authorization_pending"
    assert device.poll_at_once(code).outcome == "slow_down"
    assert device.poll(code).outcome == "authorization_pending"


def test_a_device_code_expires(device: Device) -> None:
    code = device.start().fields["device_code"]
    device.zoho.advance(minutes(5))
    assert device.poll(code).outcome == "expired"


def test_a_person_of_another_data_centre_moves_the_code_there(device: Device) -> None:
    started = device.start()
    device.zoho.approve_device(str(started.fields["user_code"]), User(email="ann", data_center="eu"))
    code = started.fields["device_code"]
    assert device.poll(code).content == {"error": "other_dc", "user_location": "eu"}
    answer = Device(device.zoho, device.client, "eu").poll(code)
    assert answer.fields["api_domain"] == "http://eu.test"


def test_without_offline_access_there_is_no_refresh_token(device: Device) -> None:
    started = device.start(access_type="")
    device.zoho.approve_device(str(started.fields["user_code"]))
    assert "refresh_token" not in device.poll(started.fields["device_code"]).fields


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        pytest.param({"client_id": "1000.NOBODY"}, "invalid_client", id="an unknown client"),
        pytest.param({"scope": "everything"}, "invalid_scope", id="a scope that does not exist"),
        pytest.param({"grant_type": "device_token"}, "unsupported_grant_type", id="the grant type of the other step"),
    ],
)
def test_a_device_is_refused_by_name(device: Device, wrong: dict[str, str], error: str) -> None:
    assert device.start(**wrong).content == {"error": error}


def test_a_self_client_cannot_use_the_device_flow() -> None:
    zoho = zoho_at_noon()
    assert Device(zoho, zoho.add_client(kind=ClientKind.SELF)).start().outcome == "invalid_client"


def test_an_unknown_code_and_a_wrong_secret_are_refused_by_name(device: Device) -> None:
    code = device.start().fields["device_code"]
    assert device.poll("1004.unknown").outcome == "invalid_code"
    assert Device(device.zoho, device.client, secret="x").poll(code).outcome == "invalid_client"


def test_nobody_can_approve_a_code_that_no_device_shows(device: Device) -> None:
    with pytest.raises(ValueError, match="no device shows this code"):
        device.zoho.approve_device("AAAA-AAAA")
