"""What befalls a world. Each fault sets something going that ends by itself, and says whom it leaves without what."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from random import Random
from typing import Final

from tests.simulation.roads import VAULT_TIME_OUT, Passage
from tests.simulation.virtual_loop import Process
from tests.simulation.world import Replica, World
from tests.simulation.zoho_side import Call, Reply, delivered, struck, unreachable
from zoho_simulator.faults import Fault, catalogue
from zoho_simulator.law.messages import Answer
from zoho_tokend.vault.answer import Answer as VaultAnswer
from zoho_tokend.vault.request import Request

Befall = Callable[[World, Random], None]
_MINUTE: Final = 60.0


def fate(world: World, rng: Random) -> None:
    """One to three faults, somewhat apart; some of them shorter than the floor, and some longer."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        befall = rng.choice(ALL)
        world.after(rng.uniform(0, 0.3 * world.plan.lifetime), _begin, world, befall, rng)


def _begin(world: World, befall: Befall, rng: Random) -> None:
    name = befall.__name__.replace("_", " ")
    world.tally.faults[name] += 1
    world.tally.faults_met += world.plan.connections
    world.note("+++ {} +++", name)
    befall(world, rng)


def a_while(world: World, rng: Random) -> float:
    """How long it lasts: a blink, a few minutes, most of the floor, or more than all of it."""
    floor = max(min(terms.floor for terms in world.plan.terms().values()), _MINUTE)
    return rng.choice(
        (
            rng.uniform(1, 30),
            rng.uniform(30, 10 * _MINUTE),
            rng.uniform(0.2, 0.97) * floor,
            rng.uniform(0.2, 0.97) * floor,
            rng.uniform(1.0, 2.0) * floor,
        )
    )


def some(world: World, rng: Random) -> tuple[str, ...] | None:
    """All connections (None), or one and whoever shares its refresh token."""
    return None if rng.random() < 0.5 else world.sharers(rng.choice(world.plan.names))


# --- Zoho ------------------------------------------------------------------------------------------------------------

Answering = Callable[[Call, Callable[[], Answer]], Reply]


def _at_zoho(world: World, span: float, names: tuple[str, ...] | None, answer: Answering, *, harm: str = "") -> None:
    def falls(call: Call, lawful: Callable[[], Answer]) -> Reply | None:
        struck_too = names is None or not set(names).isdisjoint(call.names)
        return answer(call, lawful) if struck_too else None

    trouble = world.troubles.begin(harm, names) if harm else None
    world.zoho.sky.append(falls)

    def passes() -> None:
        world.zoho.sky.remove(falls)
        if trouble is not None:
            world.troubles.end(trouble)

    world.after(span, passes)


def _by_catalogue(rng: Random, *faults: Fault) -> Answering:
    return lambda _call, lawful: struck(rng.choice(faults), lawful, latency=rng.uniform(0.1, 1.0))


def zoho_cannot_be_reached(world: World, rng: Random) -> None:
    refused = rng.random() < 0.5
    _at_zoho(world, a_while(world, rng), None, lambda _call, _lawful: unreachable(refused=refused), harm="Zoho is away")


def zoho_answers_with_nothing_usable(world: World, rng: Random) -> None:
    useless = (
        catalogue.html(),
        catalogue.html_502(),
        catalogue.html(403),
        catalogue.general_error(),
        catalogue.error("server_error", 500),
        catalogue.error("invalid_scope"),
        catalogue.error("access_denied", 401),
        catalogue.empty(),
        catalogue.redirect(),
        catalogue.drop(),
        catalogue.hang(),
        catalogue.truncated_json(),
        catalogue.lost_answer(),
        catalogue.cut_off(),
        catalogue.delayed(40),
        catalogue.drip(),
    )
    chosen = rng.sample(useless, rng.randint(1, 4))
    harm = "Zoho is no use"
    _at_zoho(world, a_while(world, rng), some(world, rng), _by_catalogue(rng, *chosen), harm=harm)


def zoho_asks_to_come_later(world: World, rng: Random) -> None:
    seconds = rng.choice((1, 30, 300, 1200, 86400))
    away = catalogue.html(503)
    assert away.stand_in is not None
    later = replace(away, stand_in=replace(away.stand_in, headers={"Retry-After": str(seconds)}))
    _at_zoho(world, rng.uniform(1, 5 * _MINUTE), some(world, rng), _by_catalogue(rng, later), harm="Zoho is away")


def zoho_is_slow(world: World, rng: Random) -> None:
    slow = (catalogue.delayed(5), catalogue.delayed(15), catalogue.delayed(19))
    _at_zoho(world, a_while(world, rng), some(world, rng), _by_catalogue(rng, *slow))


def zoho_answers_oddly(world: World, rng: Random) -> None:
    odd = (
        catalogue.lifetime_in_ms(),
        catalogue.lifetime_in_ms(with_seconds=False),
        catalogue.lifetime_as_text(),
        catalogue.api_domain_missing(),
        catalogue.wrong_content_type(),
    )
    if world.plan.is_promised:
        _at_zoho(world, a_while(world, rng), some(world, rng), _by_catalogue(rng, *odd))


def zoho_throttles(world: World, rng: Random) -> None:
    retry_after = rng.choice((None, None, 60, 900))
    throttled = catalogue.throttled(rng.choice((200, 400, 429)), retry_after)
    span = rng.choice((rng.uniform(1, 60), rng.uniform(60, 900)))
    _at_zoho(world, span, some(world, rng), _by_catalogue(rng, throttled), harm="Zoho throttles")


def zoho_says_no_to_a_good_credential(world: World, rng: Random) -> None:
    no = catalogue.error(rng.choice(("invalid_code", "invalid_client", "invalid_grant", "invalid_client_secret")))
    span = rng.choice((rng.uniform(1, 50), rng.uniform(1, 50), rng.uniform(60, 600)))
    _at_zoho(world, span, some(world, rng), _by_catalogue(rng, no), harm="Zoho says no")


def zoho_changes_refresh_tokens(world: World, rng: Random) -> None:
    def answer(call: Call, _lawful: Callable[[], Answer]) -> Reply:
        return delivered(world.zoho.rotated(call), latency=rng.uniform(0.1, 1.0))

    if world.plan.rotates and not world.plan.shared:
        _at_zoho(world, a_while(world, rng), some(world, rng), answer)


def a_stranger_uses_the_refresh_token(world: World, rng: Random) -> None:
    token = world.refresh_token_of(rng.choice(world.plan.names))
    if token:
        world.zoho.use_up(token, rng.randint(1, 12))


# --- people ----------------------------------------------------------------------------------------------------------


def _until_a_person_consents(world: World, rng: Random, names: tuple[str, ...], what: str) -> None:
    trouble = world.troubles.begin(what, names)

    def mend() -> None:
        refresh_token = world.zoho.consent(*names)
        for name in names:
            world.put_credential(name, refresh_token)
        world.troubles.end(trouble)

    world.after(a_while(world, rng), mend)


def a_grant_is_revoked(world: World, rng: Random) -> None:
    name = rng.choice(world.plan.names)
    names = world.sharers(name)
    world.zoho.revoke(world.refresh_token_of(name))
    _until_a_person_consents(world, rng, names, "the grant is revoked")


def a_grant_is_pushed_out_by_twenty_consents(world: World, rng: Random) -> None:
    names = world.sharers(rng.choice(world.plan.names))
    for _ in range(world.zoho.limits.refresh_tokens_per_user):
        world.zoho.consent(*names)
    _until_a_person_consents(world, rng, names, "the grant is pushed out")


def a_credential_is_spoilt(world: World, rng: Random) -> None:
    names = world.sharers(rng.choice(world.plan.names))
    odd = rng.choice(({"refresh_token": ""}, {"accounts_server": "not a server"}, {"client": "nobody"}))
    for name in names:
        world.put_credential(name, **({"refresh_token": world.refresh_token_of(name)} | odd))
    _until_a_person_consents(world, rng, names, "the credential is spoilt")


def a_credential_is_deleted(world: World, rng: Random) -> None:
    names = world.sharers(rng.choice(world.plan.names))
    for name in names:
        world.vault.delete(f"credentials/{name}")
    world.changed()
    _until_a_person_consents(world, rng, names, "the credential is deleted")


def a_person_consents_again(world: World, rng: Random) -> None:
    names = world.sharers(rng.choice(world.plan.names))
    refresh_token = world.zoho.consent(*names)
    for name in names:
        world.put_credential(name, refresh_token)


def the_client_gets_another_secret(world: World, rng: Random) -> None:
    world.zoho.new_secret()
    trouble = world.troubles.begin("the client's secret is another")

    def mend() -> None:
        if world.plan.named_client:
            world.put_client()
        else:
            for name in world.plan.names:
                if token := world.refresh_token_of(name):
                    world.put_credential(name, token)
        world.troubles.end(trouble)

    world.after(a_while(world, rng), mend)


# --- Vault -----------------------------------------------------------------------------------------------------------

Serving = Callable[[Request, Callable[[], VaultAnswer]], Passage]


def _at_vault(
    world: World, span: float, serving: Serving, *, harm: str, replica: Replica | None = None, writes_only: bool = False
) -> None:
    def lies_in_wait(process: Process, request: Request, serve: Callable[[], VaultAnswer]) -> Passage | None:
        if replica is not None and (replica.daemon is None or replica.daemon.process is not process):
            return None
        if writes_only and "/data/zoho/tokens/" not in request.path:
            return None
        return serving(request, serve)

    trouble = world.troubles.begin(harm) if harm else None
    world.road.hazards.append(lies_in_wait)

    def passes() -> None:
        world.road.hazards.remove(lies_in_wait)
        if trouble is not None:
            world.troubles.end(trouble)

    world.after(span, passes)


def _lost(_request: Request, _serve: Callable[[], VaultAnswer]) -> Passage:
    return Passage(VAULT_TIME_OUT, None)


def _refused(_request: Request, _serve: Callable[[], VaultAnswer]) -> Passage:
    return Passage(0.001, None)


def _says(status: int, error: str, _request: Request, _serve: Callable[[], VaultAnswer]) -> Passage:
    return Passage(0.01, VaultAnswer(status=status, body={"errors": [error]}))


def _answer_lost(_request: Request, serve: Callable[[], VaultAnswer]) -> Passage:
    serve()
    return Passage(VAULT_TIME_OUT, None)


def vault_is_away(world: World, rng: Random) -> None:
    serving = rng.choice((_lost, _refused, partial(_says, 503, "Vault is sealed"), partial(_says, 473, "")))
    _at_vault(world, a_while(world, rng), serving, harm="Vault is away")


def vault_takes_no_token(world: World, rng: Random) -> None:
    serving = rng.choice((_lost, _refused, partial(_says, 500, "no space left on device"), partial(_says, 429, "")))
    _at_vault(world, a_while(world, rng), serving, harm="Vault takes no token", writes_only=True)


def vault_loses_its_answers(world: World, rng: Random) -> None:
    _at_vault(world, a_while(world, rng), _answer_lost, harm="Vault's answers are lost", writes_only=rng.random() < 0.7)


def vault_gets_requests_late(world: World, rng: Random) -> None:
    def late(_request: Request, serve: Callable[[], VaultAnswer]) -> Passage:
        world.after(VAULT_TIME_OUT + rng.uniform(0.1, 120), serve)
        return Passage(VAULT_TIME_OUT, None)

    span = rng.uniform(1, 10 * _MINUTE)
    _at_vault(world, span, late, harm="Vault gets requests late", writes_only=rng.random() < 0.7)


def vault_is_slow(world: World, rng: Random) -> None:
    def slow(_request: Request, serve: Callable[[], VaultAnswer]) -> Passage:
        return Passage(rng.uniform(0.2, 3.0), serve())

    _at_vault(world, a_while(world, rng), slow, harm="")


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
        world.conduct.mended(name)
        world.troubles.end(trouble)
        world.changed()

    world.after(a_while(world, rng), mend)


# --- replicas --------------------------------------------------------------------------------------------------------


def a_process_is_killed(world: World, rng: Random) -> None:
    rng.choice(world.replicas).kill(back_after=rng.choice((rng.uniform(0.5, 30), a_while(world, rng))))


def a_process_is_killed_again_and_again(world: World, rng: Random) -> None:
    replica = rng.choice(world.replicas)
    for number in range(rng.randint(2, 8)):
        world.after(number * rng.uniform(5, 90), replica.kill)


def a_process_is_restarted(world: World, rng: Random) -> None:
    rng.choice(world.replicas).stop()


def a_process_is_paused(world: World, rng: Random) -> None:
    replica, span = rng.choice(world.replicas), a_while(world, rng)
    daemon = replica.daemon
    if daemon is None or daemon.process.dead:
        return
    world.loop.pause(daemon.process)
    replica.hinder(span)

    def resume() -> None:
        world.loop.resume(daemon.process)
        daemon.touched = True

    world.after(span, resume)


def a_replica_is_cut_off(world: World, rng: Random) -> None:
    replica, span = rng.choice(world.replicas), a_while(world, rng)
    from_vault, from_zoho = rng.choice(((True, True), (True, False), (False, True)))
    replica.hinder(span)
    if from_vault:
        _at_vault(world, span, _lost, harm="", replica=replica)
    if from_zoho:

        def unreachable_from_here(call: Call, _lawful: Callable[[], Answer]) -> Reply | None:
            mine = replica.daemon is not None and replica.daemon.process is call.process
            return unreachable(refused=False) if mine else None

        world.zoho.sky.insert(0, unreachable_from_here)
        world.after(span, world.zoho.sky.remove, unreachable_from_here)


def a_clock_is_put_wrong(world: World, rng: Random) -> None:
    if len(world.replicas) > 1:
        return
    replica = world.replicas[0]
    by = rng.choice((-1, 1)) * rng.choice((rng.uniform(1, 60), rng.uniform(60, 7200)))
    replica.step_clock(by)
    if by < -5 * _MINUTE:
        world.after(rng.uniform(60, 120), replica.stop)  # as its liveness probe sees to
    world.after(a_while(world, rng), lambda: replica.step_clock(-by))


ALL: Final[tuple[Befall, ...]] = (
    zoho_cannot_be_reached,
    zoho_answers_with_nothing_usable,
    zoho_asks_to_come_later,
    zoho_is_slow,
    zoho_answers_oddly,
    zoho_throttles,
    zoho_says_no_to_a_good_credential,
    zoho_changes_refresh_tokens,
    a_stranger_uses_the_refresh_token,
    a_grant_is_revoked,
    a_grant_is_pushed_out_by_twenty_consents,
    a_credential_is_spoilt,
    a_credential_is_deleted,
    a_person_consents_again,
    the_client_gets_another_secret,
    vault_is_away,
    vault_takes_no_token,
    vault_loses_its_answers,
    vault_gets_requests_late,
    vault_is_slow,
    vault_forgets_every_login,
    the_policy_is_narrowed,
    a_process_is_killed,
    a_process_is_killed_again_and_again,
    a_process_is_restarted,
    a_process_is_paused,
    a_replica_is_cut_off,
    a_clock_is_put_wrong,
)


def names_of(faults: Iterable[Befall]) -> list[str]:
    """As the tally calls them."""
    return [befall.__name__.replace("_", " ") for befall in faults]
