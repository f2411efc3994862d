"""What people do: revoke, push out, mistype, delete, change secrets, and mend it all by a new consent."""

from random import Random

from tests.simulation.faults.span import a_while
from tests.simulation.world import World


def _until_a_person_consents(world: World, rng: Random, names: tuple[str, ...], what: str) -> None:
    trouble = world.troubles.begin(what, names)

    def mend() -> None:
        world.people.consent_again(names)
        world.troubles.end(trouble)

    world.after(a_while(world, rng), mend)


def a_grant_is_revoked(world: World, rng: Random) -> None:
    name = rng.choice(world.plan.names)
    names = world.people.sharers(name)
    world.zoho.revoke(world.people.refresh_token_of(name))
    _until_a_person_consents(world, rng, names, "the grant is revoked")


def a_grant_is_pushed_out_by_twenty_consents(world: World, rng: Random) -> None:
    names = world.people.sharers(rng.choice(world.plan.names))
    for _ in range(world.zoho.limits.refresh_tokens_per_user):
        world.zoho.consent(*names)
    _until_a_person_consents(world, rng, names, "the grant is pushed out")


def a_credential_is_spoilt(world: World, rng: Random) -> None:
    names = world.people.sharers(rng.choice(world.plan.names))
    odd = rng.choice(({"refresh_token": ""}, {"accounts_server": "not a server"}, {"client": "nobody"}))
    for name in names:
        world.people.put_credential(name, **({"refresh_token": world.people.refresh_token_of(name)} | odd))
    _until_a_person_consents(world, rng, names, "the credential is spoilt")


def a_credential_is_deleted(world: World, rng: Random) -> None:
    names = world.people.sharers(rng.choice(world.plan.names))
    for name in names:
        world.vault.delete(f"credentials/{name}")
    world.changed()
    _until_a_person_consents(world, rng, names, "the credential is deleted")


def a_person_consents_again(world: World, rng: Random) -> None:
    names = world.people.sharers(rng.choice(world.plan.names))
    world.people.consent_again(names)


def the_client_gets_another_secret(world: World, rng: Random) -> None:
    world.zoho.new_secrets()
    trouble = world.troubles.begin("the client's secret is another")

    def mend() -> None:
        world.people.put_the_new_secret()
        world.troubles.end(trouble)

    world.after(a_while(world, rng), mend)
