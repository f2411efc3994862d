import pytest

from tests.support.samples.builders import CRM
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.reader import NoSuchConnection
from zoho_tokend.reader.vault_source import Place
from zoho_tokend.vault.layout import Layout


@pytest.mark.parametrize(
    ("environment", "layout"),
    [
        ({}, Layout()),
        ({"ZOHO_TOKEND_MOUNT": "kv/"}, Layout(mount="kv")),
        ({"ZOHO_TOKEND_MOUNT": "kv", "ZOHO_TOKEND_TOKENS_MOUNT": "short"}, Layout(mount="kv", tokens_mount="short")),
        ({"ZOHO_TOKEND_PREFIX": "teams/crm"}, Layout(prefix="teams/crm")),
        ({"ZOHO_TOKEND_PREFIX": ""}, Layout(prefix="")),
    ],
    ids=str,
)
def test_a_reader_looks_where_the_daemon_writes(environment: dict[str, str], layout: Layout) -> None:
    place, written = Place.named_by(environment), layout.token(ConnectionName(CRM))
    assert place.of(CRM) == str(written)
    assert place.url_path(CRM) == f"/v1/{written.data}"


@pytest.mark.parametrize("name", ["", "a/b", "../credentials/crm-prod", ".", "crm.", "a b", "a?version=1", "x" * 129])
def test_what_is_no_name_is_never_asked_for(name: str) -> None:
    with pytest.raises(NoSuchConnection, match="no connection can be named"):
        Place().url_path(name)
