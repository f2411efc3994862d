"""The ways from a daemon to Vault and to Zoho: what stands in the place of the threads and sockets of the adapters.

A request reaches the other side at once and its answer takes time, so that a daemon which dies in between has done what
it asked for, and does not know it.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from random import Random
from typing import Final, Protocol, TypeVar

from tests.simulation.vault_side import VaultSide
from tests.simulation.virtual_loop import Process
from tests.simulation.zoho_side import Call, Reply, ZohoSide
from zoho_tokend.core.errors import TokendError, VaultUnavailable
from zoho_tokend.core.events import VaultOutcome
from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.ports import Clock
from zoho_tokend.vault.request import Request
from zoho_tokend.vault.response import VaultResponse as VaultAnswer
from zoho_tokend.zoho.response import ZohoResponse as ZohoAnswer

T = TypeVar("T")

VAULT: Final = "https://vault.example:8200"
VAULT_TIME_OUT: Final = 13.05


@dataclass(frozen=True, slots=True)
class Passage:
    """What the caller meets, after so many seconds."""

    after: float
    met: VaultAnswer | None


class Hazard(Protocol):
    """What lies in wait on the way to Vault; None where it lets the request pass."""

    def __call__(self, process: Process, request: Request, serve: Callable[[], VaultAnswer], /) -> Passage | None: ...


class RoadToVault:
    """One for all daemons."""

    def __init__(self, side: VaultSide, rng: Random, now: Callable[[], float]) -> None:
        self._side = side
        self._rng = rng
        self._now = now
        self._hazards: list[Hazard] = []
        self._was_ill_at = -inf

    def add(self, hazard: Hazard) -> None:
        """It lies in wait from now on; the first that does not let a request pass decides."""
        self._hazards.append(hazard)

    def remove(self, hazard: Hazard) -> None:
        """It is gone."""
        self._hazards.remove(hazard)
        self._was_ill_at = self._now()

    def is_ill(self) -> bool:
        """Whether anything is the matter at present."""
        return bool(self._hazards)

    def was_ill_at(self) -> float:
        """When something was last the matter."""
        return self._now() if self._hazards else self._was_ill_at

    def carry(self, process: Process, request: Request, token: str | None) -> Passage:
        """The request, there and back."""

        def serve() -> VaultAnswer:
            return self._side.answer(request, token, process)

        for hazard in self._hazards:
            if (passage := hazard(process, request, serve)) is not None:
                return passage
        return Passage(self._rng.uniform(0.002, 0.03), serve())


class SimulatedPool:
    """Does what `zoho_tokend.vault.pool.VaultClientPool` does, without threads."""

    def __init__(self, road: RoadToVault, process: Process) -> None:
        self._road = road
        self._process = process

    async def call(self, work: Callable[["SimulatedLine"], T]) -> T:
        """What the work answers, when the answers have come."""
        line = SimulatedLine(self._road, self._process)
        try:
            done = work(line)
        except TokendError:
            await asyncio.sleep(line.spent)
            raise
        await asyncio.sleep(line.spent)
        return done

    async def close(self) -> None:
        """There is nothing to close."""


class SimulatedLine:
    """Does what `zoho_tokend.vault.client.VaultClient` does; ``spent`` is how long it would have blocked its thread."""

    def __init__(self, road: RoadToVault, process: Process) -> None:
        self._road = road
        self._process = process
        self.spent = 0.0

    def ask(self, request: Request, *, token: Secret | None = None, hurry: bool = False) -> VaultAnswer:
        """Vault's answer, which may be a refusal."""
        if self._process.dead:
            raise asyncio.CancelledError
        passage = self._road.carry(self._process, request, token.reveal() if token else None)
        self.spent += min(passage.after, 2.0) if hurry else passage.after
        answer = passage.met
        if answer is None:
            raise VaultUnavailable(f"no connection to Vault at {VAULT}")
        if answer.outcome is VaultOutcome.UNAVAILABLE:
            raise VaultUnavailable(answer.complaint(VAULT), retry_after=answer.wait)
        return answer


class SimulatedTransport:
    """Does what `zoho_tokend.zoho.transport.Transport` does, without sockets."""

    def __init__(
        self,
        side: ZohoSide,
        process: Process,
        clock: Clock,
        *,
        asked: Callable[[Call], None],
        met: Callable[[Call, Reply], None],
    ) -> None:
        self._side = side
        self._process = process
        self._clock = clock
        self._asked = asked
        self._met = met

    async def post(
        self, origin: Origin, path: str, fields: Mapping[str, str], *, authorization: Secret | None = None
    ) -> ZohoAnswer:
        """The answer to one form."""
        del path, authorization  # there is one thing to ask for
        if self._process.dead:
            raise asyncio.CancelledError
        call, reply = self._side.arrive(self._process, str(origin), fields)
        self._asked(call)
        await asyncio.sleep(reply.after)
        self._met(call, reply)
        if isinstance(reply.met, TokendError):
            raise reply.met
        return ZohoAnswer(
            status=reply.met.status,
            headers={name.lower(): value for name, value in reply.met.headers.items()},
            body=reply.met.text.encode(),
            received_at=self._clock.now(),
        )
