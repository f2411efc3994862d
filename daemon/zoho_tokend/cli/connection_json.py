"""Connections as JSON of a stable shape, for scripts. Nothing secret comes this far; instants are RFC 3339, UTC."""

from collections.abc import Mapping
from datetime import datetime

from zoho_tokend.core.model import ClientCredentialsGrant, Credential, TokenRecord
from zoho_tokend.inventory.reading import Detail, Glance
from zoho_tokend.vault.kv import Version

Json = Mapping[str, object]


def glance_json(glance: Glance, now: datetime) -> dict[str, object]:
    """One connection of the list."""
    left = None if glance.expires_at is None else max(int((glance.expires_at - now).total_seconds()), 0)
    return {
        "name": glance.name,
        "state": glance.state,
        "data_center": glance.data_center,
        "client": glance.client,
        "expires_at": _instant(glance.expires_at),
        "life_left_seconds": left,
        "version": glance.version,
        "problem": glance.problem,
    }


def detail_json(detail: Detail, now: datetime) -> dict[str, object]:
    """Everything of one connection that is no secret."""
    credential = {
        "path": detail.document.where,
        "version": detail.document.version,
        "fields": sorted(detail.document.fields),
        **_credential(detail.credential),
        "authorized_at": _instant(detail.authorized_at),
        "refresh_token_fingerprint": detail.fingerprint,
        "versions": [_version(version) for version in detail.versions],
    }
    token = _token(detail.record) | {
        "floor_seconds": None if detail.floor is None else int(detail.floor.total_seconds()),
        "versions": [_version(version) for version in detail.issues],
    }
    return {
        **glance_json(detail.glance, now),
        "budget_remaining": detail.budget,
        "credential": credential,
        "token": token,
    }


def _credential(credential: Credential | None) -> Json:
    if credential is None:
        return {}
    asks_itself = isinstance(credential.grant, ClientCredentialsGrant)
    return {
        "grant_type": "client_credentials" if asks_itself else "refresh_token",
        "accounts_server": str(credential.accounts_server),
        "scope": credential.scope,
        "soid": credential.grant.soid if isinstance(credential.grant, ClientCredentialsGrant) else None,
        "refresh_at": credential.refresh_at,
    }


def _token(record: TokenRecord | None) -> dict[str, object]:
    if record is None:
        return {}
    return {
        "issued_at": _instant(record.issued_at),
        "refresh_after": _instant(record.refresh_after),
        "expires_at": _instant(record.expires_at),
        "api_domain": record.api_domain,
        "scope": record.scope,
    }


def _version(version: Version) -> Json:
    return {"version": version.number, "written_at": _instant(version.written_at), "deleted": version.deleted}


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
