"""A Zoho with behaviour: it issues, as a script tells it to for each connection, and tells the living from the dead."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, count, repeat

from tests.support.samples.builders import HOUR, an_issue, secret
from zoho_tokend.core.consent import Alive, Dead, Proof
from zoho_tokend.core.model import ConnectionName, Credential, Issued, RefreshTokenGrant, Secret
from zoho_tokend.core.ports import Clock

Answer = Callable[[Credential, Issued], Issued]
Script = Iterator[Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that reached Zoho."""

    connection: ConnectionName
    at: datetime
    refresh_token: str | None


def ok(**changes: object) -> Answer:
    return lambda _credential, issued: replace(issued, **changes)  # type: ignore[arg-type]  # a builder's odd values


def fails(error: Exception) -> Answer:
    def answer(_credential: Credential, _issued: Issued) -> Issued:
        raise error

    return answer


def times(number: int, answer: Answer) -> Script:
    return repeat(answer, number)


def then(*parts: Script | Answer) -> Script:
    """The parts one after the other; the last answer goes on for ever when it is not a script of its own."""
    scripts = [repeat(part, 1) if callable(part) else part for part in parts[:-1]]
    last = parts[-1]
    return chain(*scripts, repeat(last) if callable(last) else last)


class FakeZoho:
    """Issues a new token for each request, unless scripted otherwise.

    Attributes:
        takes: how long an answer takes, by connection.
        dead: the access tokens that the API does not take.
        proved: those that it was asked about.
        proof_of_the_living: what it says of any other.
        proof_takes: how long it takes to say so.
    """

    def __init__(self, clock: Clock, *, lifetime: timedelta = HOUR) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._numbers = count(1)
        self._scripts: dict[ConnectionName, Script] = {}
        self.asked: list[Asked] = []
        self.takes: dict[ConnectionName, timedelta] = defaultdict(timedelta)
        self.dead: set[Secret] = set()
        self.proved: list[Secret] = []
        self.proof_of_the_living: Proof = Alive(organisation="Invented Ltd", org_id="1")
        self.proof_takes = timedelta()
        self.under_way = 0
        self.most_under_way = 0

    def script(self, connection: ConnectionName, *parts: Script | Answer) -> None:
        """From now on the connection's requests are answered so."""
        self._scripts[connection] = then(*parts)

    def asked_for(self, connection: ConnectionName) -> list[datetime]:
        """When each request for the connection came."""
        return [asked.at for asked in self.asked if asked.connection == connection]

    def data_center(self, _credential: Credential) -> str:
        return "eu"

    def api_domain(self, _credential: Credential) -> str | None:
        return "https://www.zohoapis.eu"

    async def issue(self, credential: Credential) -> Issued:
        sent = credential.grant.refresh_token.reveal() if isinstance(credential.grant, RefreshTokenGrant) else None
        self.asked.append(Asked(connection=credential.connection, at=self._clock.now(), refresh_token=sent))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.takes[credential.connection].total_seconds())
        finally:
            self.under_way -= 1
        issued = an_issue(lifetime=self._lifetime, access_token=secret(f"issue {next(self._numbers)}"))
        answer = next(self._scripts.get(credential.connection, repeat(ok())))
        return answer(credential, issued)

    async def prove(self, access_token: Secret, *, api_domain: str) -> Proof:
        del api_domain
        self.proved.append(access_token)
        await asyncio.sleep(self.proof_takes.total_seconds())
        return Dead() if access_token in self.dead else self.proof_of_the_living
