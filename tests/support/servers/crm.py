"""What the CRM makes of a token, which is the only judgement that counts."""

from collections.abc import Mapping

import httpx


def takes(record: Mapping[str, object]) -> bool:
    """Whether the CRM answers a call with the token of this record."""
    headers = {"Authorization": str(record["authorization"])}
    return httpx.get(f"{record['api_domain']}/crm/v8/org", headers=headers, trust_env=False, timeout=60).is_success
