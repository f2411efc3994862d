import pytest

from zoho_tokend.reader import NoSuchConnection, NotAllowed, ReaderError, VaultUnreachable
from zoho_tokend.reader.vault_source import refusal

ADDRESS = "https://vault.example:8200"


def refused(status: int, *, with_token: bool = True) -> ReaderError:
    where = "secret/zoho/tokens/crm-prod"
    return refusal(status, connection="crm-prod", where=where, address=ADDRESS, with_token=with_token)


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [
        (404, NoSuchConnection, "there is no token record at secret/zoho/tokens/crm-prod"),
        (403, NotAllowed, "it has ended, or lacks the policy"),
        (307, VaultUnreachable, "point VAULT_ADDR at the active node"),
        (412, VaultUnreachable, "has not caught up with its own writes"),
        (429, VaultUnreachable, "limits the rate of requests"),
        (473, VaultUnreachable, "is a standby"),
        (500, VaultUnreachable, "failed (status 500)"),
        (501, VaultUnreachable, "is not initialised"),
        (503, VaultUnreachable, "is sealed or in maintenance"),
    ],
)
def test_each_status_says_what_to_look_at(status: int, error: type[ReaderError], text: str) -> None:
    told = refused(status)
    assert type(told) is error
    assert text in str(told)


@pytest.mark.parametrize("status", [400, 403])
def test_who_asks_without_a_token_is_told_to_bring_one(status: int) -> None:
    told = refused(status, with_token=False)
    assert isinstance(told, NotAllowed)
    assert "set VAULT_TOKEN" in str(told)
