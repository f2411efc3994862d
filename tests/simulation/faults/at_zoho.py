"""What befalls Zoho: outages, odd answers, throttles, false verdicts, and strangers with the same refresh token."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.simulation.faults.span import MINUTE, a_while, some
from tests.simulation.world import World
from tests.simulation.zoho_side import Call, Reply, delivered, struck, unreachable
from zoho_simulator.faults import Fault, catalogue
from zoho_simulator.rules.messages import Answer

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
    _at_zoho(world, rng.uniform(1, 5 * MINUTE), some(world, rng), _by_catalogue(rng, later), harm="Zoho is away")


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
    token = world.people.refresh_token_of(rng.choice(world.plan.names))
    if token:
        world.zoho.use_up(token, rng.randint(1, 12))


# --- led there by an edge ------------------------------------------------------------------------------------------


def servers_hang(world: World, span: float, names: tuple[str, ...]) -> None:
    hang = catalogue.hang()
    _at_zoho(world, span, names, lambda _call, lawful: struck(hang, lawful, latency=0.1), harm="the server hangs")


def zoho_is_no_use(world: World, span: float, rng: Random) -> None:
    useless = (catalogue.html_502(), catalogue.general_error(), catalogue.drop(), catalogue.error("server_error", 500))
    _at_zoho(world, span, None, _by_catalogue(rng, rng.choice(useless)), harm="Zoho is no use")


def zoho_refuses(world: World, span: float, names: tuple[str, ...], rng: Random) -> None:
    no = catalogue.error(rng.choice(("invalid_code", "invalid_grant", "invalid_client")))
    _at_zoho(world, span, names, _by_catalogue(rng, no), harm="Zoho says no")


def zoho_throttles_for(world: World, span: float, names: tuple[str, ...], rng: Random) -> None:
    _at_zoho(world, span, names, _by_catalogue(rng, catalogue.throttled(400)), harm="Zoho throttles")


def zoho_is_slow_for(world: World, span: float, names: tuple[str, ...], rng: Random) -> None:
    slow = (catalogue.delayed(5), catalogue.delayed(15), catalogue.delayed(19))
    _at_zoho(world, span, names, _by_catalogue(rng, *slow))


def _at_one_grant(world: World, refresh_token: str, fault: Fault, rng: Random, *, harm: str) -> None:
    """It strikes whoever asks with this refresh token, until a person has stored another one, and for ever."""

    def falls(call: Call, lawful: Callable[[], Answer]) -> Reply | None:
        mine = call.form.get("refresh_token") == refresh_token
        return struck(fault, lawful, latency=rng.uniform(0.1, 1.0)) if mine else None

    world.zoho.sky.append(falls)
    world.until_corrected(harm, world.zoho.holders[refresh_token])


def zoho_is_no_use_to(world: World, refresh_token: str, rng: Random) -> None:
    _at_one_grant(world, refresh_token, catalogue.html_502(), rng, harm="Zoho is no use to a grant")


def zoho_throttles_one(world: World, refresh_token: str, rng: Random) -> None:
    _at_one_grant(world, refresh_token, catalogue.throttled(400), rng, harm="Zoho throttles a grant")


def a_grant_dies(world: World, refresh_token: str, rng: Random) -> None:
    del rng
    world.zoho.revoke(refresh_token)
    world.until_corrected("the grant is dead", world.zoho.holders[refresh_token])
