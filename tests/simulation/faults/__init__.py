"""What befalls a world. Each fault sets something going that ends by itself, and says whom it leaves without what."""

from collections.abc import Callable
from random import Random
from typing import Final

from tests.simulation.faults import at_vault, at_zoho, by_people, to_replicas
from tests.simulation.world import World

Befall = Callable[[World, Random], None]

ALL: Final[tuple[Befall, ...]] = (
    at_zoho.zoho_cannot_be_reached,
    at_zoho.zoho_answers_with_nothing_usable,
    at_zoho.zoho_asks_to_come_later,
    at_zoho.zoho_is_slow,
    at_zoho.zoho_answers_oddly,
    at_zoho.zoho_throttles,
    at_zoho.zoho_says_no_to_a_good_credential,
    at_zoho.zoho_changes_refresh_tokens,
    at_zoho.a_stranger_uses_the_refresh_token,
    by_people.a_grant_is_revoked,
    by_people.a_grant_is_pushed_out_by_twenty_consents,
    by_people.a_credential_is_spoilt,
    by_people.a_credential_is_deleted,
    by_people.a_person_consents_again,
    by_people.the_client_gets_another_secret,
    at_vault.vault_is_away,
    at_vault.vault_takes_no_token,
    at_vault.vault_loses_its_answers,
    at_vault.vault_gets_requests_late,
    at_vault.vault_is_slow,
    at_vault.vault_forgets_every_login,
    at_vault.the_policy_is_narrowed,
    to_replicas.a_process_is_killed,
    to_replicas.a_process_is_killed_again_and_again,
    to_replicas.a_process_is_restarted,
    to_replicas.a_process_is_paused,
    to_replicas.a_replica_is_cut_off,
    to_replicas.a_clock_is_put_wrong,
)


def fate(world: World, rng: Random) -> None:
    """One to three faults, somewhat apart; some of them shorter than the floor, and some longer."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        befall = rng.choice(ALL)
        world.after(rng.uniform(0, 0.3 * world.plan.lifetime), _begin, world, befall, rng)
    if world.plan.elects and rng.random() < 0.5:
        world.after(rng.uniform(0, 0.3 * world.plan.lifetime), _begin, world, to_replicas.the_api_server_is_away, rng)


def _begin(world: World, befall: Befall, rng: Random) -> None:
    name = befall.__name__.replace("_", " ")
    world.tally.faults[name] += 1
    world.tally.faults_met += world.plan.connections
    world.note("+++ {} +++", name)
    befall(world, rng)
