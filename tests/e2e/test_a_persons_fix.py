"""What is wrong in Vault is told in words that a person can act upon; what that person corrects is taken up.

That a dead grant is parked after two answers a minute apart, and wakes, is shown on virtual time:
``tests/component/test_a_day_of_life.py``.
"""

from typing import Any

from tests.support.places.site import Site

BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "an-empty-field": ({"refresh_token": ""}, "the field 'refresh_token' is empty"),
    "a-missing-field": ({"client_secret": None}, "the field 'client_secret' is missing"),
    "two-clients": ({"client": "jobs"}, "the field 'client' is given together with 'client_id'"),
    "a-path": ({"accounts_server": "https://accounts.zoho.eu/oauth"}, "the field 'accounts_server' is not an origin"),
    "a-user": ({"accounts_server": "https://me@accounts.zoho.eu"}, "the field 'accounts_server' is not an origin"),
    "a-foreign-server": ({"accounts_server": "https://zoho.example"}, "neither Zoho's own nor allowed"),
    "no-number": ({"refresh_at": "soon"}, "the field 'refresh_at' is not a number"),
}


def test_broken_records_are_misconfigured_with_the_field_named_until_they_are_corrected(site: Site) -> None:
    site.connect("crm-prod")
    for name, (changes, _) in BROKEN.items():
        site.connect(name, **changes)
    with site.daemon() as daemon:
        daemon.until_state("crm-prod", "fresh")
        for name, (_, words) in BROKEN.items():
            assert words in str(daemon.until_state(name, "misconfigured")["error"])
            assert words in str(daemon.until_told("connection.parked", connection=name)["error"])
        assert daemon.is_ready()
        assert len(site.zoho.journal.requests()) == 1
        for name in BROKEN:
            site.connect(name)
        for name in BROKEN:
            daemon.until_state(name, "fresh")


def test_a_named_client_that_is_not_there_yet_is_taken_up_when_it_comes(site: Site) -> None:
    site.corner.put("credentials/crm-prod", client="jobs", refresh_token=site.zoho.consent(site.client()))
    with site.daemon() as daemon:
        problem = str(daemon.until_state("crm-prod", "misconfigured")["error"])
        assert f"the field 'client' names no client under {site.corner.mount}/zoho/clients" in problem
        site.corner.put("clients/jobs", **site.fields(site.client()))
        daemon.until_state("crm-prod", "fresh")


def test_a_grant_code_pasted_as_a_refresh_token_is_named_a_usual_cause_and_asked_about_once(site: Site) -> None:
    site.connect("pasted", refresh_token=site.zoho.grant_code(site.client()))
    site.connect("crm-prod")
    with site.daemon() as daemon:
        failed = daemon.until_told("refresh.failed", connection="pasted")
        assert failed["outcome"] == "grant_rejected"
        assert "a grant code pasted as a refresh token, which is a usual cause" in str(failed["error"])
        daemon.until_state("crm-prod", "fresh")
        assert daemon.connection("pasted")["error"] == failed["error"]
        assert daemon.is_ready()
        assert sorted(entry.outcome for entry in site.zoho.journal.requests()) == ["invalid_code", "issued"]


def test_a_name_that_no_connection_can_have_is_reported_once_and_left_alone(site: Site) -> None:
    site.corner.put("credentials/crm prod", client_id="x")
    site.connect("crm-prod")
    with site.daemon(LOG_LEVEL="debug") as daemon:
        daemon.until_state("crm-prod", "fresh")
        daemon.until(lambda: len(daemon.lines("discovery.ended")) > 2, "it has looked several times")
        assert [line["name"] for line in daemon.lines("connection.ill_named")] == ["crm prod"]
        assert daemon.connection("crm prod") == {}


def test_a_credential_that_is_deleted_is_forgotten_and_its_token_left_to_its_readers(site: Site) -> None:
    site.connect("crm-prod")
    with site.daemon() as daemon:
        daemon.until_state("crm-prod", "fresh")
        site.corner.erase("credentials/crm-prod")
        daemon.until_told("connection.vanished", connection="crm-prod")
        daemon.until(lambda: not daemon.connection("crm-prod"), "it is no longer shown")
    assert site.has_token("crm-prod")
