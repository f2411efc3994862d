"""What no setting can tell alone: whether those of the login go together, and whether their files can be read."""

import os
from collections.abc import Iterator
from pathlib import Path

from zoho_tokend.core.origin import parse_origin
from zoho_tokend.settings.model import Settings


def contradictions(settings: Settings) -> Iterator[str]:
    """A sentence for each thing that keeps the daemon from doing its job with these settings."""
    yield from _login(settings)
    if (settings.vault_client_cert is None) != (settings.vault_client_key is None):
        yield "VAULT_CLIENT_CERT and VAULT_CLIENT_KEY go together: give both or neither"
    for name, path in _files(settings):
        if not path.is_file() or not os.access(path, os.R_OK):
            yield f"{name} ({settings.source(name)}): {path} is not a file that can be read"


def warnings(settings: Settings) -> tuple[str, ...]:
    """A sentence for each thing that works and yet should not stay so."""
    if not settings.vault_addr.startswith("http:"):
        return ()
    try:
        parse_origin(settings.vault_addr)
    except ValueError:
        return (
            f"VAULT_ADDR is {settings.vault_addr}: without https everyone on the way can read every secret; "
            "give Vault a certificate",
        )
    return ()


def _login(settings: Settings) -> Iterator[str]:
    match settings.vault_auth:
        case "token":
            yield from _exactly_one(settings, "VAULT_TOKEN")
        case "token-file":
            yield from _exactly_one(settings, "VAULT_TOKEN_FILE")
        case "approle":
            yield from _exactly_one(settings, "VAULT_ROLE_ID", "VAULT_ROLE_ID_FILE")
            yield from _exactly_one(settings, "VAULT_SECRET_ID", "VAULT_SECRET_ID_FILE")
        case "kubernetes" | "jwt":
            yield from _exactly_one(settings, "VAULT_ROLE")
        case "cert":
            yield from _exactly_one(settings, "VAULT_CLIENT_CERT")


def _exactly_one(settings: Settings, *names: str) -> Iterator[str]:
    given = [name for name in names if getattr(settings, name.lower()) is not None]
    if not given:
        yield f"VAULT_AUTH is {settings.vault_auth}, which needs {' or '.join(names)}: give {_pronoun(names)}"
    elif len(given) > 1:
        yield f"{' and '.join(given)} are both given: keep one of them"


def _pronoun(names: tuple[str, ...]) -> str:
    return "it" if len(names) == 1 else "one of them"


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The files that these settings make use of, by the name of the setting."""
    used = {
        "token-file": ["VAULT_TOKEN_FILE"],
        "approle": ["VAULT_ROLE_ID_FILE", "VAULT_SECRET_ID_FILE"],
        "kubernetes": ["VAULT_JWT_FILE"],
        "jwt": ["VAULT_JWT_FILE"],
    }
    for name in [*used.get(settings.vault_auth, []), "VAULT_CACERT", "VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY"]:
        path = getattr(settings, name.lower())
        if path is not None:
            yield name, path
