"""What all pages have in common: the card, and the notice that this is no real Zoho."""

from importlib.resources import files
from typing import Final

from zoho_simulator.pages.html import Node, document, tag

STYLE: Final = "/pages/style.css"


def style() -> str:
    """The one style sheet of all pages."""
    return files(__package__).joinpath("style.css").read_text(encoding="utf-8")


def framed(title: str, *content: Node, data_center: str, wide: bool = False) -> str:
    """The page of this title and content, in this data centre; ``wide`` leaves room for a list."""
    brand = tag("header", tag("span", "Zoho simulator", class_="brand"), tag("span", data_center, class_="chip"))
    main = tag("main", tag("h1", title), *content)
    notice = tag("footer", "A simulated Zoho on this machine. Nothing here reaches zoho.com, and no account is real.")
    return document(
        f"{title} \N{MIDDLE DOT} Zoho simulator",
        STYLE,
        [tag("div", brand, main, notice, class_="wide" if wide else "card")],
    )


def complaint(sentence: str) -> Node:
    """What is wrong with what a person entered."""
    return tag("p", sentence, class_="complaint", role="alert")
