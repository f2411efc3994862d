import pytest

from tests.unit.simulator.asking import Asker, access_token, an_asker, minutes, zoho_at_noon
from zoho_simulator import Endpoint, User
from zoho_simulator.faults import authentication_failure
from zoho_simulator.rules.messages import Request


def fresh(asker: Asker, scope: str) -> str:
    return access_token(asker.refresh(asker.zoho.consent(asker.client, scope=scope)))


@pytest.mark.parametrize(
    ("path", "scope", "field"),
    [
        pytest.param("/crm/v8/org", "ZohoCRM.org.READ", "org", id="the organisation"),
        pytest.param("/crm/v8/org", "ZohoCRM.org.all", "org", id="the organisation, by a scope in small letters"),
        pytest.param("/crm/v8/users", "ZohoCRM.users.READ", "users", id="the current user"),
        pytest.param("/crm/v8/Leads", "ZohoCRM.modules.READ", "data", id="leads, by the scope of all modules"),
        pytest.param("/crm/v8/Leads", "ZohoCRM.org.READ,ZohoCRM.modules.leads.ALL", "data", id="leads, by their own"),
        pytest.param("/crm/v2.1/Deals", "ZohoCRM.modules.ALL", "data", id="deals, by an older version"),
    ],
)
def test_a_token_opens_what_its_scope_covers(path: str, scope: str, field: str) -> None:
    asker = an_asker()
    answer = asker.get(path, fresh(asker, scope), fields="Last_Name")
    assert answer.status == 200
    assert answer.fields[field]


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        pytest.param("/crm/v8/org", "ZohoCRM.modules.ALL", id="the organisation with the modules' scope"),
        pytest.param("/crm/v8/Contacts", "ZohoCRM.modules.leads.READ", id="contacts with the leads' scope"),
        pytest.param("/crm/v8/Contacts", "ZohoCRM.modules.contacts.CREATE", id="reading with the scope to create"),
    ],
)
def test_a_live_token_without_the_scope_is_told_so(path: str, scope: str) -> None:
    asker = an_asker()
    answer = asker.get(path, fresh(asker, scope))
    assert answer.status == 401
    assert answer.content == {
        "code": "OAUTH_SCOPE_MISMATCH",
        "details": {},
        "message": "invalid oauth scope to access this URL",
        "status": "error",
    }


@pytest.mark.parametrize("fate", ["expired", "revoked", "evicted", "never issued", "of another data centre"])
def test_a_dead_token_is_invalid(fate: str) -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    token = access_token(asker.refresh(refresh_token))
    match fate:
        case "expired":
            asker.zoho.advance(minutes(60))
        case "revoked":
            asker.zoho.revoke(refresh_token)
        case "evicted":
            asker.zoho.evict(refresh_token)
        case "never issued":
            token = refresh_token
        case _:
            asker.data_center = "eu"
    answer = asker.get("/crm/v8/org", token)
    assert answer.status == 401
    assert answer.content == {
        "code": "INVALID_TOKEN",
        "details": {},
        "message": "invalid oauth token",
        "status": "error",
    }


@pytest.mark.parametrize("prefix", ["Bearer", "zoho-oauthtoken", "Zoho-oauthtoken 1000."])
def test_a_live_token_behind_another_prefix_is_refused(prefix: str) -> None:
    asker = an_asker()
    answer = asker.get("/crm/v8/org", fresh(asker, "ZohoCRM.org.READ"), prefix)
    assert (answer.status, answer.outcome) == (401, "AUTHENTICATION_FAILURE")


def test_a_live_token_is_refused_now_and_then_on_demand() -> None:
    asker = an_asker()
    token = fresh(asker, "ZohoCRM.org.READ")
    asker.zoho.fault(authentication_failure(), endpoint=Endpoint.API)
    assert asker.get("/crm/v8/org", token).outcome == "AUTHENTICATION_FAILURE"
    assert asker.accepts(token)


def test_a_user_whose_profile_lacks_api_access_has_no_permission() -> None:
    zoho = zoho_at_noon()
    asker = Asker(zoho, zoho.add_client())
    barred = User(email="bob@example.com", data_center="us", api_access=False)
    answer = asker.get("/crm/v8/org", access_token(asker.refresh(zoho.consent(asker.client, barred))))
    assert answer.status == 403
    assert answer.fields["code"] == "NO_PERMISSION"
    assert answer.fields["details"] == {"permissions": ["Crm_Implied_Api_Access"]}


@pytest.mark.parametrize("path", ["/crm/v8/Unicorns", "/crm/v8", "/crm/v8/Leads/5001/notes"])
def test_a_path_that_is_nothing_is_an_invalid_pattern(path: str) -> None:
    asker = an_asker()
    answer = asker.get(path, fresh(asker, "ZohoCRM.modules.ALL"))
    assert (answer.status, answer.outcome) == (400, "INVALID_URL_PATTERN")


def test_the_organisation_is_the_one_that_the_user_works_in() -> None:
    zoho = zoho_at_noon()
    asker = Asker(zoho, zoho.add_client())
    user = User(email="bob@example.com", data_center="us", org_id="777")
    answer = asker.get("/crm/v8/org", access_token(asker.refresh(zoho.consent(asker.client, user))))
    assert '"zgid":"777"' in answer.text


def test_the_crm_is_read_only() -> None:
    asker = an_asker()
    assert asker.zoho.answer("us", Request(method="DELETE", path="/crm/v8/Leads")).status == 405
