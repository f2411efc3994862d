"""Nothing is closed, and nothing comes through; or no name is known any more."""

from contextlib import closing

from tests.reliability.hall import Hall, Reached
from tests.reliability.names import NameServer
from tests.reliability.scenario import Scenarios
from tests.reliability.stage import CONNECTION, Stage
from tests.reliability.surroundings import Network, names_asked_at

SCENARIOS = Scenarios()

VAULT, ZOHO = "vault.test", "localhost"


@SCENARIOS.scenario("The network to Vault and Zoho is cut: packets vanish, no connection is closed", hides_vault=True)
def network_cut(hall: Hall) -> Stage:
    network = Network()
    vault = hall.vault()
    stage = hall.stage(hall.site(vault))
    with stage.fault():
        network.cut(vault.address, stage.site.zoho.us.accounts_server, stage.site.zoho.eu.accounts_server)
        stage.sit_it_out()
        network.mend()
    return stage


@SCENARIOS.scenario("The name server is gone, and no name can be looked up", hides_vault=True)
def dns_gone(hall: Hall) -> Stage:
    network = Network()
    names = hall.after.enter_context(closing(NameServer()))
    names_asked_at("127.0.0.1", hall.folder)
    vault = hall.vault()
    named = Reached(address=vault.address.replace("127.0.0.1", VAULT), root_token=vault.root_token)
    site = hall.site(named)
    accounts_server = site.zoho.eu.accounts_server.replace("127.0.0.1", ZOHO)
    refresh_token = site.connect(CONNECTION, accounts_server=accounts_server)
    stage = hall.stage(site, refresh_token=refresh_token, ALLOWED_ACCOUNTS_SERVERS=accounts_server)
    with stage.fault():
        network.cut(names.address)
        stage.sit_it_out()
        network.mend()
    return stage
