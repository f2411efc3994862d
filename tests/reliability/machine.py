"""The daemon's own machine: its clock, its memory, its file descriptors, and the daemon itself."""

import resource
import signal

from tests.reliability.hall import Hall
from tests.reliability.scenario import Scenarios
from tests.reliability.stage import Stage
from tests.reliability.surroundings import MemoryLimit, WallClock

SCENARIOS = Scenarios()

HOUR = 3600
MEBIBYTES = 128
CROWD = 200


@SCENARIOS.scenario("The daemon is killed, and started again later")
def daemon_killed(hall: Hall) -> Stage:
    stage = hall.stage(hall.site())
    with stage.fault():
        stage.daemon.kill()
        stage.sit_it_out()
        stage.daemon = stage.start_daemon()
    return stage


@SCENARIOS.scenario("The daemon is frozen, and goes on later")
def daemon_frozen(hall: Hall) -> Stage:
    stage = hall.stage(hall.site())
    with stage.fault():
        stage.daemon.send(signal.SIGSTOP)
        stage.sit_it_out()
        stage.daemon.send(signal.SIGCONT)
    return stage


@SCENARIOS.scenario("The daemon's clock is put forward by an hour, and right again later")
def clock_forward(hall: Hall) -> Stage:
    return with_clock_stepped(hall, HOUR)


@SCENARIOS.scenario("The daemon's clock is put back by an hour, and right again later")
def clock_back(hall: Hall) -> Stage:
    return with_clock_stepped(hall, -HOUR)


@SCENARIOS.scenario(f"The daemon has {MEBIBYTES} MiB of memory and {CROWD} connections more to keep")
def memory_short(hall: Hall) -> Stage:
    site = hall.site()
    for number in range(CROWD):
        site.connect(f"crowd-{number}")
    limit = MemoryLimit("daemon", mebibytes=MEBIBYTES)
    hall.after.callback(limit.lift)
    stage = hall.stage(site, launcher=limit.launcher)
    with stage.fault():
        stage.sit_it_out()
    stage.remark = f"it took {limit.peak >> 20} MiB at most"
    return stage


@SCENARIOS.scenario("The daemon has no file descriptor left, and gets some later")
def descriptors_exhausted(hall: Hall) -> Stage:
    stage = hall.stage(hall.site())
    with stage.fault():
        resource.prlimit(stage.daemon.pid, resource.RLIMIT_NOFILE, (0, 4096))
        stage.sit_it_out()
        assert "has reached its limit of open files" in stage.daemon.out
        resource.prlimit(stage.daemon.pid, resource.RLIMIT_NOFILE, (4096, 4096))
    return stage


def with_clock_stepped(hall: Hall, seconds: int) -> Stage:
    clock = WallClock(hall.folder)
    stage = hall.stage(hall.site(), launcher=clock.launcher)
    with stage.fault():
        clock.step(seconds)
        stage.sit_it_out()
        clock.step(0)
        if seconds > 0:
            as_the_orchestrator_does(stage)
    return stage


def as_the_orchestrator_does(stage: Stage) -> None:
    """The daemon says that it is better off restarted, and is."""
    answer = stage.daemon.get("/livez")
    assert "wall and monotonic clock have parted" in answer.text, answer.text
    stage.daemon.kill()
    stage.daemon = stage.start_daemon()
