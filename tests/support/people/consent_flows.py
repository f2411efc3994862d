"""Each flow by which a person makes a connection of the client ``app``, typed and clicked to its end."""

import re
from collections.abc import Callable
from typing import Final

from tests.support.people.consent_desk import SCOPE, Desk
from tests.support.processes.process import Finished
from zoho_simulator import ClientKind, User

ANN: Final = User(email="ann@example.com", data_center="us")
BOB: Final = User(email="bob@example.com", data_center="eu")
SOID: Final = "ZohoCRM.60001234567"

Flow = Callable[..., Finished]

_USER_CODE: Final = re.compile(r"user_code=(\S+)")


def by_self_client(desk: Desk, name: str, *more: str, client: str = "app", **settings: str) -> Finished:
    application = desk.site.zoho.client(str(desk.site.corner.fields(f"clients/{client}")["client_id"]))
    code = desk.site.zoho.grant_code(application, ANN, SCOPE)
    return desk.run("authorize", "self-client", name, f"--client={client}", *more, typed=(code,), **settings)


def by_browser(
    desk: Desk, name: str, *more: str, client: str = "app", user: User = ANN, accepting: bool = True, **settings: str
) -> Finished:
    """The person pastes the address on which the browser ends."""
    arguments = ("authorize", "web", name, f"--client={client}", f"--scope={SCOPE}", "--paste", *more)
    with desk.begin(*arguments, **settings) as command:
        page = desk.page(command.says("code_challenge_method"))
        return command.finish(desk.decided(page, accepting=accepting, user=user.email))


def by_device(
    desk: Desk,
    name: str,
    *more: str,
    client: str = "app",
    decide: Callable[[Desk, str], None] | None = None,
    **settings: str,
) -> Finished:
    """The person decides so about the code that the device shows; says yes, unless told otherwise."""
    arguments = ("authorize", "device", name, f"--client={client}", f"--scope={SCOPE}", *more)
    with desk.begin(*arguments, **settings) as command:
        command.says("With the code filled in")
        shown = _USER_CODE.search(command.says("user_code="))
        assert shown
        if decide is None:
            desk.site.zoho.approve_device(shown[1], ANN)
        else:
            decide(desk, shown[1])
        return command.finish()


def by_client_credentials(
    desk: Desk, name: str, *more: str, client: str = "app", soid: str = SOID, **settings: str
) -> Finished:
    arguments = ("authorize", "client-credentials", name, f"--client={client}", f"--scope={SCOPE}", f"--soid={soid}")
    return desk.run(*arguments, *more, typed=(), **settings)


FLOWS: Final[tuple[tuple[ClientKind, Flow], ...]] = (
    (ClientKind.SELF, by_self_client),
    (ClientKind.SERVER, by_browser),
    (ClientKind.MOBILE, by_browser),
    (ClientKind.DEVICE, by_device),
    (ClientKind.SELF, by_client_credentials),
)
