"""What befalls Vault: outages, seals, full disks, lost and late answers, ended logins, narrowed policies."""

from collections.abc import Callable
from functools import partial
from random import Random

from tests.simulation.faults.span import MINUTE, a_while
from tests.simulation.replica import Replica
from tests.simulation.roads import VAULT_TIME_OUT, Passage
from tests.simulation.virtual_loop import Process
from tests.simulation.world import World
from zoho_tokend.vault.answer import Answer as VaultAnswer
from zoho_tokend.vault.request import Request

Serving = Callable[[Request, Callable[[], VaultAnswer]], Passage]


def at_vault(
    world: World, span: float, serving: Serving, *, harm: str, replica: Replica | None = None, writes_only: bool = False
) -> None:
    def lies_in_wait(process: Process, request: Request, serve: Callable[[], VaultAnswer]) -> Passage | None:
        if replica is not None and (replica.daemon is None or replica.daemon.process is not process):
            return None
        if writes_only and "/data/zoho/tokens/" not in request.path:
            return None
        return serving(request, serve)

    trouble = world.troubles.begin(harm) if harm else None
    world.road.add(lies_in_wait)

    def passes() -> None:
        world.road.remove(lies_in_wait)
        if trouble is not None:
            world.troubles.end(trouble)

    world.after(span, passes)


def lost(_request: Request, _serve: Callable[[], VaultAnswer]) -> Passage:
    return Passage(VAULT_TIME_OUT, None)


def _refused(_request: Request, _serve: Callable[[], VaultAnswer]) -> Passage:
    return Passage(0.001, None)


def _says(status: int, error: str, _request: Request, _serve: Callable[[], VaultAnswer]) -> Passage:
    return Passage(0.01, VaultAnswer(status=status, body={"errors": [error]}))


def _answer_lost(_request: Request, serve: Callable[[], VaultAnswer]) -> Passage:
    serve()
    return Passage(VAULT_TIME_OUT, None)


def vault_is_away(world: World, rng: Random) -> None:
    serving = rng.choice((lost, _refused, partial(_says, 503, "Vault is sealed"), partial(_says, 473, "")))
    at_vault(world, a_while(world, rng), serving, harm="Vault is away")


def vault_takes_no_token(world: World, rng: Random) -> None:
    serving = rng.choice((lost, _refused, partial(_says, 500, "no space left on device"), partial(_says, 429, "")))
    at_vault(world, a_while(world, rng), serving, harm="Vault takes no token", writes_only=True)


def vault_loses_its_answers(world: World, rng: Random) -> None:
    at_vault(world, a_while(world, rng), _answer_lost, harm="Vault's answers are lost", writes_only=rng.random() < 0.7)


def vault_gets_requests_late(world: World, rng: Random) -> None:
    def late(_request: Request, serve: Callable[[], VaultAnswer]) -> Passage:
        world.after(VAULT_TIME_OUT + rng.uniform(0.1, 120), serve)
        return Passage(VAULT_TIME_OUT, None)

    span = rng.uniform(1, 10 * MINUTE)
    at_vault(world, span, late, harm="Vault gets requests late", writes_only=rng.random() < 0.7)


def vault_is_slow(world: World, rng: Random) -> None:
    def slow(_request: Request, serve: Callable[[], VaultAnswer]) -> Passage:
        return Passage(rng.uniform(0.2, 3.0), serve())

    at_vault(world, a_while(world, rng), slow, harm="")


def vault_forgets_every_login(world: World, rng: Random) -> None:
    world.vault.end_all_logins()
    if rng.random() < 0.5:
        world.vault.refuses_logins = True
        trouble = world.troubles.begin("Vault refuses every login")

        def accepts() -> None:
            world.vault.refuses_logins = False
            world.troubles.end(trouble)

        world.after(a_while(world, rng), accepts)


def the_policy_is_narrowed(world: World, rng: Random) -> None:
    name = rng.choice(world.plan.names)
    denied = rng.choice((("write", f"tokens/{name}"), ("read", f"credentials/{name}"), ("read", f"tokens/{name}")))
    trouble = world.troubles.begin("the policy is narrowed", [name])
    world.vault.denied.add(denied)
    world.changed()

    def mend() -> None:
        world.vault.denied.discard(denied)
        world.troubles.end(trouble)
        world.changed()

    world.after(a_while(world, rng), mend)
