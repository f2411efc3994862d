"""Every scenario, in the order of the page."""

from tests.reliability import machine, network, vault_rights, vault_server, zoho
from tests.reliability.scenario import Scenario

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for part in (vault_server, vault_rights, zoho, network, machine)
    for scenario in part.SCENARIOS
}
