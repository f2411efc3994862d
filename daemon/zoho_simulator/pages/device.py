"""The device page: a person says yes or no to a machine that has no browser."""

from collections.abc import Sequence

from zoho_simulator.pages.asking import decision, how_long, what_for, who_is_asked
from zoho_simulator.pages.frame import complaint, framed
from zoho_simulator.pages.html import tag
from zoho_simulator.rules.records import Client, DeviceCode, User


def code_page(data_center: str, *, wrong: str | None = None) -> str:
    """Asks for the code that the device shows; ``wrong`` says what is the matter with the one that was typed."""
    form = tag(
        "form",
        tag("label", "The code that your device shows", for_="user_code"),
        tag(
            "input",
            id="user_code",
            name="user_code",
            class_="code",
            placeholder="XXXX-XXXX",
            autocomplete="off",
            autocapitalize="characters",
            spellcheck="false",
            required=True,
            autofocus=True,
        ),
        tag("div", tag("button", "Continue", class_="main"), class_="buttons"),
        method="get",
    )
    return framed("Connect a device", *([complaint(wrong)] if wrong else []), form, data_center=data_center)


def device_page(
    client: Client, device: DeviceCode, people: Sequence[User], data_center: str, *, wrong: str | None = None
) -> str:
    """Asks a person yes or no; ``wrong`` says why the last yes was not taken."""
    form = tag(
        "form",
        tag("p", "Your device must show this very code:"),
        tag("p", tag("output", device.user_code), class_="code"),
        who_is_asked(people, data_center),
        tag("h2", "It may then"),
        what_for(device.scope),
        how_long(offline=device.offline),
        decision("Approve", "Deny"),
        method="post",
    )
    title = f"{client.name} asks for access to your data"
    return framed(title, *([complaint(wrong)] if wrong else []), form, data_center=data_center)


def decided_page(client: Client, data_center: str, *, approved: bool) -> str:
    """Says what was decided, and what to do now."""
    if approved:
        title, sentence = "Approved", f"{client.name} gets its tokens the next time it asks; go back to your device."
    else:
        title, sentence = "Denied", f"{client.name} gets nothing; you may close this page."
    return framed(title, tag("p", sentence), data_center=data_center)
