"""A drill for each alert: the fault, the alert, the runbook's commands as they stand there, and the alert's end.

The real Prometheus evaluates the rules that are shipped, hurried: each ``for`` lasts a second, and each window of
minutes ten seconds. Thresholds, expressions and labels are those that are shipped. Several drills are held at once.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from deploy.monitoring.prometheus_rule import RULES
from tests.support.documents.runbook import sections
from tests.support.places.drill_faults import FAULTS, NOT_DRILLED, Fault
from tests.support.places.drill_place import Place
from tests.support.places.site import a_site
from tests.support.servers.openbao import Admin, new_corner
from tests.support.servers.prometheus import Prometheus, a_prometheus, hurried

# The first ones mostly wait for a minute to pass.
AT_ONCE = 6
# It finds something wrong as long as something is, and says so by its exit code.
EXAMINATION = "zoho-tokend doctor"


def drill(alert: str, fault: Fault, place: Place) -> None:
    try:
        fault.strike(place)
        place.until_firing(alert)
        fault.mend(place)
        for command in [line for block in sections()[alert].commands for line in block]:
            done = place.run(command)
            assert done.code == 0 or (command == EXAMINATION and done.code == 1), f"{command}\n{done.out}{done.err}"
            assert "Traceback" not in done.err, f"{command}\n{done.err}"
        if fault.over:
            place.until_firing(alert, firing=False)
    finally:
        place.close()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with a_prometheus(tmp_path_factory.mktemp("prometheus"), hurried(RULES.read_text())) as prometheus:
        yield prometheus


@pytest.fixture(scope="module")
def drills(
    request: pytest.FixtureRequest,
    admin: Admin,
    prometheus: Prometheus,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mapping[str, "Future[None]"]]:
    """Every drill that was asked for, under way or in line."""

    def hold(alert: str, fault: Fault) -> None:
        with a_site(new_corner(admin), tmp_path_factory.mktemp(alert), lifetime=fault.lifetime) as site:
            drill(alert, fault, Place(site, prometheus, alert))

    asked_for = {item.callspec.params.get("alert") for item in request.session.items if hasattr(item, "callspec")}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="drill") as pool:
        yield {alert: pool.submit(hold, alert, fault) for alert, fault in FAULTS.items() if alert in asked_for}


@pytest.mark.parametrize("alert", FAULTS)
def test_the_alert_fires_and_the_commands_of_its_section_end_it(
    drills: Mapping[str, "Future[None]"], alert: str
) -> None:
    drills[alert].result()


def test_every_alert_is_drilled_or_it_is_said_why_not() -> None:
    assert FAULTS.keys() | NOT_DRILLED.keys() == sections().keys() - {"Before anything else"}
    assert not FAULTS.keys() & NOT_DRILLED.keys()
