"""The parts of a page that asks for a person's consent: who asks, who is asked, and for what."""

from collections.abc import Iterable, Sequence
from typing import Final

from zoho_simulator.pages.html import Node, tag
from zoho_simulator.rules.records import User

_OPERATIONS: Final = {
    "all": "Read and change",
    "read": "Read",
    "create": "Create",
    "update": "Change",
    "delete": "Delete",
    "write": "Write",
}


def who_is_asked(people: Sequence[User], data_center: str) -> Node:
    """A choice of people, in place of a sign-in; the first is the one who lives here."""
    here_first = sorted(people, key=lambda person: person.data_center != data_center)
    choices = [_choice(person, chosen=person is here_first[0]) for person in here_first]
    return tag("fieldset", tag("legend", "You are"), *choices)


def what_for(scope: str) -> Node:
    """Each scope by itself, in words and as it is called."""
    return tag(
        "ul", *(tag("li", tag("span", words), tag("code", name)) for name, words in _scopes(scope)), class_="scopes"
    )


def how_long(*, offline: bool) -> Node:
    """How long the application may do it."""
    if offline:
        return tag("p", "It may do so while you are away (offline access), until you revoke it.", class_="note")
    return tag("p", "It may do so with one access token (online access); it gets no refresh token.", class_="note")


def decision(yes: str, no: str) -> Node:
    """The two buttons; the form's ``decision`` is ``yes`` or ``no``."""
    return tag(
        "div",
        tag("button", yes, name="decision", value="yes", class_="main"),
        tag("button", no, name="decision", value="no"),
        class_="buttons",
    )


def _choice(person: User, *, chosen: bool) -> Node:
    box = tag("input", type="radio", name="user", value=person.email, required=True, checked=chosen)
    return tag("label", box, tag("span", person.email), tag("span", person.data_center, class_="chip"))


def _scopes(scope: str) -> Iterable[tuple[str, str]]:
    for name in scope.replace(",", " ").split():
        service, *what, operation = name.split(".")
        verb = _OPERATIONS.get(operation.lower(), operation)
        yield name, f"{verb} {' '.join(what)} in {service}"
