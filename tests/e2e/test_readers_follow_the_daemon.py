"""A job and the real daemon: the reader is given each new token, and the CRM accepts whatever it is given."""

import time
from collections.abc import Callable
from datetime import timedelta

import httpx
import hvac
import pytest

from tests.support.places.reading import READERS, Reading
from tests.support.places.site import BRISK, Site
from tests.support.processes.process import PATIENCE, Daemon
from zoho_tokend.reader import Token
from zoho_tokend.vault.policy import reader_policy


def accepted(token: Token) -> bool:
    return httpx.get(f"{token.api_domain}/crm/v8/org", headers=token.headers, trust_env=False, timeout=60).is_success


@pytest.mark.parametrize("kind", READERS, ids=["threads", "tasks"])
def test_a_reader_follows_three_replacements(brisk_site: Site, kind: Callable[..., Reading]) -> None:
    brisk_site.connect("crm-prod")
    corner = brisk_site.corner
    token = corner.admin.token(corner.admin.policy(reader_policy(corner.layout)))
    with brisk_site.daemon(**BRISK) as daemon:
        daemon.until_state("crm-prod", "fresh")
        reader = kind(hvac.Client(corner.address, token=token.reveal()), mount=corner.mount)
        given = followed(reader, daemon, replacements=3)
        reader.close()
    assert len(given) == 4
    assert [token.issued_at for token in given] == sorted(token.issued_at for token in given)


def followed(reader: Reading, daemon: Daemon, *, replacements: int) -> list[Token]:
    """The tokens that a job is given which asks all the time; each works at the moment it is given."""
    given: list[Token] = []
    deadline = time.monotonic() + PATIENCE
    while len(given) <= replacements:
        assert time.monotonic() < deadline, daemon.told
        token = reader.get("crm-prod", timedelta(seconds=2))
        assert accepted(token)
        if not given or given[-1] != token:
            given.append(token)
        time.sleep(0.05)
    return given
