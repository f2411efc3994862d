"""While a command waits for a secret, and after it was typed, the secret is in no process list and no folder."""

from pathlib import Path

from tests.canary import assert_no_canary
from tests.support.people.consent_desk import Desk


def seen_from_outside(pid: int) -> list[bytes]:
    """What any process of the same user sees of this one."""
    return [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]


def test_no_secret_is_among_the_arguments_or_variables_of_a_command(desk: Desk) -> None:
    application = desk.registered()
    code = desk.site.zoho.grant_code(application)
    with desk.begin("authorize", "self-client", "crm-prod", "--client=app") as command:
        command.says("good for one use")
        seen = seen_from_outside(command.pid)
        command.type(code)
        command.says("Zoho has granted it.")
        seen += seen_from_outside(command.pid)
        assert command.end() == 0
    assert_no_canary(
        [code, application.client_secret, *desk.site.zoho._directory.ledgers["us"]._by_refresh_token], *seen
    )
    assert b"ZOHO_TOKEND_VAULT_TOKEN=" + desk.vault_token.reveal().encode() in seen[1]
    assert list(desk.folder.iterdir()) == []


def test_a_terminal_shows_nothing_of_a_code_while_it_is_typed(desk: Desk) -> None:
    application = desk.registered()
    code = desk.site.zoho.grant_code(application)
    with desk.at_terminal("authorize", "self-client", "crm-prod", "--client=app") as command:
        command.says("Code: ")
        command.type(code)
        assert command.end() == 0
        assert code[:20] not in command.heard


def test_ctrl_c_at_a_prompt_ends_the_command_at_once_and_spends_nothing(desk: Desk) -> None:
    application = desk.registered()
    code = desk.site.zoho.grant_code(application)
    with desk.at_terminal("authorize", "self-client", "crm-prod", "--client=app") as command:
        command.says("Code: ")
        command.interrupt()
        assert command.end() == 1
        assert "Traceback" not in command.heard
    assert desk.run("authorize", "self-client", "crm-prod", "--client=app", typed=(code,)).code == 0
