"""Each flow from the application to a connection that lives, by the real command."""

from tests.consent_desk import SCOPE, Desk
from zoho_simulator import ClientKind


def test_a_self_clients_code_becomes_a_connection(desk: Desk) -> None:
    application = desk.application()
    assert desk.add(application).code == 0
    code = desk.site.zoho.grant_code(application)
    done = desk.run("authorize", "self-client", "crm-prod", "--client=app", typed=(code,))
    print(done.err)
    assert (done.code, done.out) == (0, ""), done.err
    assert 0


def test_web(desk: Desk) -> None:
    desk.registered(ClientKind.SERVER)
    with desk.begin("authorize", "web", "crm-prod", "--client=app", f"--scope={SCOPE}", "--paste") as command:
        page = desk.page(command.says("prompt=consent"))
        done = command.finish(desk.decided(page))
    print(done.err)
    assert 0
