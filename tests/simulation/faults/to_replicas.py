"""What befalls the daemons themselves: kills, pauses, restarts, cut networks, clocks that are put wrong."""

from collections.abc import Callable
from random import Random

from tests.simulation.faults.at_vault import at_vault, lost
from tests.simulation.faults.span import MINUTE, a_while
from tests.simulation.replica import Replica
from tests.simulation.virtual_loop import Process
from tests.simulation.world import World
from tests.simulation.zoho_side import Call, Reply, unreachable
from zoho_simulator.rules.messages import Answer


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
        at_vault(world, span, lost, harm="", replica=replica)
    if from_zoho:

        def unreachable_from_here(call: Call, _lawful: Callable[[], Answer]) -> Reply | None:
            mine = replica.daemon is not None and replica.daemon.process is call.process
            return unreachable(refused=False) if mine else None

        world.zoho.sky.insert(0, unreachable_from_here)
        world.after(span, world.zoho.sky.remove, unreachable_from_here)


def the_api_server_is_away(world: World, rng: Random) -> None:
    everybody, victim = rng.random() < 0.3, rng.choice(world.replicas)
    cut_off_from_the_lease(world, None if everybody else victim, a_while(world, rng))


def cut_off_from_the_lease(world: World, victim: Replica | None, span: float) -> None:
    """The API server cannot be reached from this replica; from none where that is None."""
    server = world.api_server
    if server is None:
        return

    def cut(process: Process) -> bool:
        return victim is None or (victim.daemon is not None and victim.daemon.process is process)

    server.cuts.append(cut)
    world.after(span, server.cuts.remove, cut)


def _step_clock(world: World, replica: Replica, by: float) -> None:
    replica.step_clock(by)
    if replica.daemon is not None:
        world.conduct.clock_stepped(replica.daemon.process)


def a_clock_is_put_wrong(world: World, rng: Random) -> None:
    if len(world.replicas) > 1:
        return
    replica = world.replicas[0]
    by = rng.choice((-1, 1)) * rng.choice((rng.uniform(1, 60), rng.uniform(60, 7200)))
    _step_clock(world, replica, by)
    if by < -5 * MINUTE:
        world.after(rng.uniform(60, 120), replica.stop)  # as its liveness probe sees to
    world.after(a_while(world, rng), _step_clock, world, replica, -by)
