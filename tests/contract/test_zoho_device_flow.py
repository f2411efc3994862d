"""The flow of a machine without a browser, over real HTTP against the simulated Zoho."""

from datetime import timedelta

import pytest

from tests.support.places.consent_site import EMIL, ConsentSite, consent_site, impostor, named
from zoho_simulator import Client as Application
from zoho_simulator import ClientKind, Endpoint
from zoho_simulator.faults import catalogue
from zoho_tokend.core.consent import (
    DeviceCode,
    Granted,
    MovedTo,
    Pending,
    SlowDown,
)
from zoho_tokend.core.errors import (
    ClientRejected,
    ConsentRefused,
    DeviceCodeExpired,
    ScopeRejected,
    ServerNotAllowed,
    WrongDataCenter,
    ZohoUnavailable,
)
from zoho_tokend.core.origin import parse_origin


async def poll(site: ConsentSite, application: Application, device: DeviceCode) -> object:
    return await site.endpoint.poll_device(device.device_code, named(application), accounts_server=site.us)


async def test_a_device_waits_and_then_gets_its_tokens() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.DEVICE)
        device = await site.device(application)
        assert device.page == f"{site.us}/oauth/v3/device"
        assert (device.interval, device.lifetime) == (timedelta(seconds=5), timedelta(minutes=5))

        assert await poll(site, application, device) == Pending()
        assert await poll(site, application, device) == SlowDown()
        site.zoho.approve_device(device.user_code)
        site.zoho.advance(device.interval)
        granted = await poll(site, application, device)

        assert isinstance(granted, Granted)
        assert granted.refresh_token.reveal().startswith("1004.")


async def test_a_device_follows_its_user_to_another_data_centre_that_zoho_tells_of() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.DEVICE, also_in=["eu"])
        device = await site.device(application)
        site.zoho.approve_device(device.user_code, EMIL)

        moved = await poll(site, application, device)
        assert moved == MovedTo("eu")
        there = await site.endpoint.accounts_server("eu", seen_from=site.us)
        assert there == site.eu
        granted = await site.endpoint.poll_device(
            device.device_code, named(application, "eu"), accounts_server=there, moved_to="eu"
        )

        assert isinstance(granted, Granted)
        assert granted.api_domain == site.zoho.eu.api_domain


async def test_a_device_that_follows_its_user_with_the_homes_secret_is_told_which_is_missing() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.DEVICE, also_in=["eu"])
        device = await site.device(application)
        site.zoho.approve_device(device.user_code, EMIL)

        with pytest.raises(WrongDataCenter, match="client_secret_eu"):
            await site.endpoint.poll_device(
                device.device_code, named(application, "us"), accounts_server=site.eu, moved_to="eu"
            )


async def test_a_data_centre_that_nobody_knows_is_named() -> None:
    async with consent_site() as site:
        with pytest.raises(WrongDataCenter, match="'mars'"):
            await site.endpoint.accounts_server("mars", seen_from=site.us)


async def test_a_data_centre_that_zoho_tells_of_is_followed_only_where_it_is_allowed() -> None:
    async with consent_site() as site:
        homebody = site.allowing(site.us)

        with pytest.raises(ServerNotAllowed):
            await homebody.accounts_server("eu", seen_from=site.us)


async def test_zohos_own_data_centres_are_found_without_asking() -> None:
    async with consent_site() as site:
        canada = await site.endpoint.accounts_server("ca", seen_from=parse_origin("https://accounts.zoho.com"))

        assert canada == parse_origin("https://accounts.zohocloud.ca")


async def test_a_user_who_refuses_a_device_is_named() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.DEVICE)
        device = await site.device(application)
        site.zoho.refuse_device(device.user_code)

        with pytest.raises(ConsentRefused):
            await poll(site, application, device)


async def test_a_user_code_that_nobody_entered_in_time_is_named() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.DEVICE)
        device = await site.device(application)
        site.zoho.advance(device.lifetime)

        with pytest.raises(DeviceCodeExpired, match="begin again"):
            await poll(site, application, device)


async def test_a_poll_that_fails_is_made_again() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.DEVICE)
        device = await site.device(application)
        site.zoho.fault(catalogue.html_502(), endpoint=Endpoint.DEVICE_TOKEN)

        with pytest.raises(ZohoUnavailable):
            await poll(site, application, device)
        assert await poll(site, application, device) == Pending()


async def test_a_device_with_a_wrong_secret_is_named() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.DEVICE)
        device = await site.device(application)

        with pytest.raises(ClientRejected, match="secret is wrong"):
            await site.endpoint.poll_device(device.device_code, impostor(application), accounts_server=site.us)


async def test_a_client_of_another_type_cannot_begin_a_device_flow() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.SELF)

        with pytest.raises(ClientRejected, match="Non-browser Mobile Application"):
            await site.device(application)


async def test_an_unknown_scope_is_named_before_anybody_is_asked() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.DEVICE)

        with pytest.raises(ScopeRejected):
            await site.endpoint.begin_device(application.client_id, "everything", accounts_server=site.us)
