"""A command to be copied: one click selects it, and where a script runs a button copies it."""

from xml.etree.ElementTree import Element

from zoho_tokend.web.html import Node, tag


def command(text: str) -> Element:
    """The command; each word is an element, so that a line never ends within an option."""
    words: list[Node] = []
    for word in text.split(" "):
        words += [" ", tag("span", word)] if words else [tag("span", word)]
    return tag(
        "div",
        tag("code", *words),
        tag("button", "Copy", type="button", class_="copy", aria_label=f"Copy the command {text}"),
        class_="command",
    )
