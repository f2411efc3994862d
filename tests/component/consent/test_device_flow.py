"""The device flow on virtual time: it polls as often as Zoho asks, and follows the person."""

from datetime import timedelta

import pytest

from tests.support.clocks.loop_clock import LoopClock
from tests.support.samples.builders import HOUR, MINUTE, SECOND, secret
from tests.support.stand_ins.consent_fakes import FakeDevicePage, FakePerson
from zoho_tokend.core.consent import DeviceCode, Granted, MovedTo, Pending, SlowDown
from zoho_tokend.core.errors import (
    ClientRejected,
    CodeMaybeSpent,
    CodeRejected,
    ConsentRefused,
    DeviceCodeExpired,
    Throttled,
    WrongDataCenter,
    ZohoUnavailable,
)
from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.core.registration import ClientKind, Registration
from zoho_tokend.operations.device_flow import DeviceFlow
from zoho_tokend.zoho.datacenters import AccountsServers

pytestmark = pytest.mark.looptime

US, EU = "https://accounts.zoho.com", "https://accounts.zoho.eu"
GRANTED = Granted(
    refresh_token=secret("refresh", kind="1004"),
    access_token=secret("access", kind="1004"),
    api_domain=None,
    scope=None,
    lifetime=HOUR,
)
CODE = DeviceCode(
    device_code=secret(kind="1004"),
    user_code="ABCD-EFGH",
    page=f"{US}/oauth/v3/device",
    ready_page=None,
    interval=5 * SECOND,
    lifetime=5 * MINUTE,
)


def registration(**secrets: str) -> Registration:
    return Registration(
        name="app",
        client_id="1004.APP",
        client_secret=Secret("of-us"),
        kind=ClientKind.DEVICE,
        accounts_server=parse_origin(US),
        secrets={place: Secret(text) for place, text in secrets.items()},
    )


class Scene:
    def __init__(self, page: FakeDevicePage, client: Registration | None = None) -> None:
        self.page = page
        self.person = FakePerson()
        self._flow = DeviceFlow(
            page,  # type: ignore[arg-type]  # a stand-in for all that it asks of Zoho
            client or registration(),
            servers=AccountsServers(),
            person=self.person,
            clock=LoopClock(),
        )

    async def finish(self) -> tuple[Granted, Origin]:
        return await self._flow.finish(CODE)

    @property
    def times(self) -> list[float]:
        return [time for time, _, _ in self.page.polls]


async def test_it_waits_before_each_poll_as_long_as_zoho_asks() -> None:
    scene = Scene(FakeDevicePage(Pending(), Pending(), GRANTED))
    assert await scene.finish() == (GRANTED, parse_origin(US))
    assert scene.times == [5, 10, 15]


async def test_slow_down_doubles_the_wait_from_then_on() -> None:
    scene = Scene(FakeDevicePage(SlowDown(), Pending(), SlowDown(), GRANTED))
    await scene.finish()
    assert scene.times == [5, 15, 25, 45]


async def test_a_person_of_another_data_centre_is_followed_with_the_secret_of_that_one() -> None:
    page = FakeDevicePage(Pending(), MovedTo("eu"), GRANTED, homes=[parse_origin(EU)])
    scene = Scene(page, registration(eu="of-eu"))
    assert await scene.finish() == (GRANTED, parse_origin(EU))
    assert page.polls == [(5, US, "of-us"), (10, US, "of-us"), (15, EU, "of-eu")]


async def test_a_data_centre_that_was_not_to_be_learned_is_asked_for_again() -> None:
    page = FakeDevicePage(MovedTo("eu"), MovedTo("eu"), GRANTED, homes=[ZohoUnavailable("away"), parse_origin(EU)])
    assert await Scene(page, registration(eu="of-eu")).finish() == (GRANTED, parse_origin(EU))


@pytest.mark.parametrize("trouble", [ZohoUnavailable("accounts.zoho.com broke the connection off"), Throttled("many")])
async def test_trouble_in_between_slows_the_polls_and_ends_nothing(trouble: Exception) -> None:
    scene = Scene(FakeDevicePage(trouble, GRANTED))
    assert (await scene.finish())[0] == GRANTED
    assert f"{trouble}; the code still waits." in scene.person.said
    assert scene.times == [5, 15]


@pytest.mark.parametrize("end", [ConsentRefused(), DeviceCodeExpired(), ClientRejected(), WrongDataCenter()], ids=repr)
async def test_an_end_is_an_end(end: Exception) -> None:
    scene = Scene(FakeDevicePage(Pending(), end))
    with pytest.raises(type(end)):
        await scene.finish()
    assert scene.times == [5, 10]


async def test_a_code_that_nobody_enters_expires_here_too() -> None:
    scene = Scene(FakeDevicePage(Pending()))
    with pytest.raises(DeviceCodeExpired):
        await scene.finish()
    assert scene.times[-1] <= 5 * 60
    assert len(scene.times) == 60


async def test_the_person_sees_how_much_time_is_left() -> None:
    scene = Scene(FakeDevicePage(*[Pending()] * 23, GRANTED))
    await scene.finish()
    assert scene.person.said[0] == "Waiting for the decision, 5 min left; next look"
    assert scene.person.said[-1] == "Waiting for the decision, 3 min left; next look"
    assert sum(scene.person.waits, timedelta()) == 2 * MINUTE


async def test_a_code_that_is_refused_after_a_lost_answer_may_be_spent_by_that() -> None:
    scene = Scene(FakeDevicePage(ZohoUnavailable("no answer"), CodeRejected()))
    with pytest.raises(CodeMaybeSpent):
        await scene.finish()


async def test_a_code_that_is_refused_at_once_is_simply_refused() -> None:
    with pytest.raises(CodeRejected):
        await Scene(FakeDevicePage(CodeRejected())).finish()
