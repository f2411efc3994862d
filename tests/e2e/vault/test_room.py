"""The proof that a credential may be written: it knows, and leaves no trace, on a real server."""

import pytest

from tests.support.samples.builders import CRM
from tests.support.servers.openbao import Corner, steered
from zoho_tokend.core.errors import VaultForbidden
from zoho_tokend.vault.registry import Registry


def listed(corner: Corner) -> bool:
    """Whether the server knows any credential, deleted ones included."""
    return corner.admin.succeeds("LIST", f"{corner.mount}/metadata/zoho/credentials", {})


async def test_the_proof_creates_no_record(corner: Corner) -> None:
    async with steered(corner) as vault:
        await Registry(vault.session, corner.layout).prove_writable(CRM)
    assert not listed(corner)
    assert not corner.admin.succeeds("GET", f"{corner.mount}/metadata/zoho/credentials/{CRM}", {})


async def test_the_proof_adds_no_version(corner: Corner) -> None:
    corner.put(f"credentials/{CRM}", refresh_token="kept")
    async with steered(corner) as vault:
        registry = Registry(vault.session, corner.layout)
        await registry.prove_writable(CRM)
        standing = await registry.credential(CRM)
    assert (standing.version, standing.fields) == (1, {"refresh_token": "kept"})


@pytest.mark.parametrize("granted", ['"read", "list"', '"create", "read"', '"update", "read"'])
async def test_a_policy_that_lacks_a_capability_is_noticed(corner: Corner, granted: str) -> None:
    rules = f'path "{corner.mount}/data/zoho/credentials/*" {{ capabilities = [{granted}] }}'
    async with steered(corner) as vault:
        corner.admin.ask("PUT", f"sys/policies/acl/{corner.policy}", {"policy": rules})
        with pytest.raises(VaultForbidden, match=r"denies create and update on .*/zoho/credentials/crm-prod"):
            await Registry(vault.session, corner.layout).prove_writable(CRM)
    assert not listed(corner)
