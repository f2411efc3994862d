"""What befalls Vault: outages, seals, full disks, lost and late answers, ended logins, narrowed policies."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random

from tests.simulation.faults.span import MINUTE, a_while
from tests.simulation.replica import Replica
from tests.simulation.roads import VAULT_TIME_OUT, Hazard, Passage
from tests.simulation.troubles import Trouble
from tests.simulation.vault_side import Snapshot
from tests.simulation.virtual_loop import Process
from tests.simulation.world import World
from zoho_tokend.vault.request import Request
from zoho_tokend.vault.response import VaultResponse as VaultAnswer

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


def vault_limits(world: World, span: float, rate: float, rng: Random) -> None:
    """A quota of so many requests a second (https://developer.hashicorp.com/vault/docs/concepts/resource-quotas)."""
    left, filled_at = max(rate, 1.0), world.loop.time()
    retry_after = rng.choice((None, timedelta(seconds=1), timedelta(seconds=2)))

    def limited(process: Process, request: Request, serve: Callable[[], VaultAnswer]) -> Passage | None:
        nonlocal left, filled_at
        del process, request, serve
        now = world.loop.time()
        left, filled_at = min(left + (now - filled_at) * rate, max(rate, 1.0)), now
        if left >= 1:
            left -= 1
            return None
        return Passage(0.002, VaultAnswer(status=429, body={"errors": ["quota"]}, retry_after=retry_after))

    trouble = world.troubles.begin("Vault limits")
    world.road.add(limited)
    world.after(span, _pass, world, limited, trouble)


def vault_errs_at_one_path(world: World, span: float, name: str, rng: Random) -> None:
    """An entry that Vault cannot read, or a proxy's rule about one path."""
    path = rng.choice((f"data/zoho/credentials/{name}", f"data/zoho/tokens/{name}"))
    status, body = rng.choice(((500, {}), (400, {}), (403, {}), (429, {}), (503, {}), (200, None), (502, None)))
    answer = VaultAnswer(status=status, body=body)

    def errs(process: Process, request: Request, serve: Callable[[], VaultAnswer]) -> Passage | None:
        del process, serve
        return Passage(0.01, answer) if request.path.endswith(path) else None

    trouble = world.troubles.begin("Vault errs at one path", [name])
    world.road.add(errs)
    world.after(span, _pass, world, errs, trouble)


def vault_is_restored(world: World, snapshot: Snapshot, away_for: float) -> None:
    """Vault is away, and comes back as it was then: what people and daemons wrote since is gone."""
    trouble = world.troubles.begin("Vault is restored")

    def away(process: Process, request: Request, serve: Callable[[], VaultAnswer]) -> Passage | None:
        del process, serve
        return _refused(request, lambda: VaultAnswer(status=503, body={}))

    def restored() -> None:
        world.vault.restore(snapshot)
        for name in world.plan.names:
            world.promise.restored(name, world.vault.fields(f"tokens/{name}"))
        world.changed()

    world.road.add(away)
    world.after(away_for / 2, restored)
    world.after(away_for, _pass, world, away, trouble)


def _pass(world: World, hazard: Hazard, trouble: Trouble) -> None:
    world.road.remove(hazard)
    world.troubles.end(trouble)
    world.changed()
