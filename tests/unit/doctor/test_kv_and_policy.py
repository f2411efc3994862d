"""Versions that are kept, capabilities that are needed: against what Vault says."""

from datetime import timedelta

import pytest

from tests.support.samples.builders import CRM, NOON, SALES
from zoho_tokend.doctor.finding import Level, worst
from zoho_tokend.doctor.vault_checks import Mount, Need, kv, needs, policy
from zoho_tokend.vault.inspection import KeyHistory, Rules
from zoho_tokend.vault.layout import Layout

HOUR = timedelta(hours=1)


def rules(max_versions: int = 0, *, delete_after: timedelta = timedelta()) -> Rules:
    return Rules(max_versions=max_versions, cas_required=False, delete_version_after=delete_after)


def mount(found: Rules | None, *, engine: str | None = "kv 2", credentials: bool = True) -> Mount:
    return Mount(name="secret", setting="MOUNT", engine=engine, rules=found, of_credentials=credentials, of_tokens=True)


def key(found: Rules, *, versions: int, left: int) -> KeyHistory:
    return KeyHistory(rules=found, current_version=versions, written=(NOON,) * left)


@pytest.mark.parametrize(
    ("of_mount", "of_key", "level"),
    [
        pytest.param(rules(0), key(rules(0), versions=1, left=1), Level.OK, id="KV's default is ten"),
        pytest.param(rules(10), key(rules(3), versions=1, left=1), Level.OK, id="a key cannot lower its mount's"),
        pytest.param(rules(3), key(rules(10), versions=1, left=1), Level.WRONG, id="a new key would have the mount's"),
        pytest.param(rules(0), key(rules(3), versions=1, left=1), Level.WRONG, id="the key's where the mount has none"),
        pytest.param(None, key(rules(0), versions=9, left=3), Level.WRONG, id="unseen, and a history that was cut"),
        pytest.param(None, key(rules(0), versions=30, left=10), Level.OK, id="unseen, and a history of ten"),
        pytest.param(None, key(rules(12), versions=1, left=1), Level.OK, id="unseen, and a key that sets it"),
        pytest.param(None, key(rules(0), versions=1, left=1), Level.WARNING, id="unseen, and a young history"),
        pytest.param(
            rules(10, delete_after=HOUR / 2), key(rules(), versions=1, left=1), Level.WRONG, id="records that vanish"
        ),
        pytest.param(
            rules(10), key(rules(delete_after=HOUR / 2), versions=1, left=1), Level.WRONG, id="one that vanishes"
        ),
    ],
)
def test_ten_versions_of_a_token_record_must_be_kept_for_its_whole_life(
    of_mount: Rules | None, of_key: KeyHistory, level: Level
) -> None:
    assert worst(kv(mount(of_mount, credentials=False), {CRM: of_key})) is level


def test_a_mount_that_deletes_credentials_is_wrong_even_if_tokens_live_long_enough() -> None:
    found = list(kv(mount(rules(10, delete_after=2 * HOUR)), {}))
    assert any("credentials vanish" in finding.finding for finding in found)
    assert worst(kv(mount(rules(10, delete_after=2 * HOUR), credentials=False), {})) is Level.OK


@pytest.mark.parametrize("engine", [None, "kv 1", "transit 1"])
def test_any_other_engine_is_wrong_and_its_setting_or_cure_is_named(engine: str | None) -> None:
    (finding,) = kv(mount(None, engine=engine), {})
    assert finding.level is Level.WRONG
    assert "MOUNT" in finding.fix or "enable-versioning" in finding.fix


def granted(needed: tuple[Need, ...]) -> dict[str, frozenset[str]]:
    return {path: need.capabilities for need in needed for path in need.paths}


def test_a_policy_that_grants_just_the_needs_is_ok() -> None:
    needed = needs(Layout(), [CRM], ["jobs"])
    assert worst(policy(needed, granted(needed))) is Level.OK


def test_what_one_connection_lacks_is_told_of_that_one() -> None:
    needed = needs(Layout(), [CRM, SALES], [])
    found = granted(needed) | {"secret/data/zoho/tokens/sales": frozenset({"read"})}
    (finding,) = [finding for finding in policy(needed, found) if finding.level is Level.WRONG]

    assert finding.subject == "secret/data/zoho/tokens/*"
    assert finding.finding == "lacks create, update for sales"


def test_reports_that_are_heeded_are_listed_read_and_dismissed() -> None:
    off, on = needs(Layout(), [CRM], []), needs(Layout(), [CRM], [], reports=True)
    assert worst(policy(on, granted(on))) is Level.OK
    lacking = {path: granted(off).get(path, frozenset()) for path in granted(on)}
    found = {finding.subject: finding.finding for finding in policy(on, lacking) if finding.level is Level.WRONG}
    assert found == {
        "secret/metadata/zoho/reports": "lacks list",
        "secret/data/zoho/reports/*": "lacks read",
        "secret/metadata/zoho/reports/*": "lacks delete",
    }


@pytest.mark.parametrize("excess", ["delete", "sudo", "list", "patch"])
def test_what_the_daemon_never_does_had_better_be_forbidden(excess: str) -> None:
    needed = needs(Layout(), [CRM], [])
    path = "secret/data/zoho/tokens/crm-prod"
    found = granted(needed)
    found[path] |= {excess}
    (finding,) = [finding for finding in policy(needed, found) if finding.level is not Level.OK]

    assert (finding.level, finding.finding) == (Level.WARNING, f"may {excess} needlessly")
