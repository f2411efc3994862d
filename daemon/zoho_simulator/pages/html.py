"""HTML as values, so that no text and no attribute can get onto a page unescaped."""

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, tostring

Node = Element | str


def tag(name: str, /, *inside: Node, **attributes: str | bool) -> Element:
    """An element. ``class_`` and ``for_`` stand for names that Python keeps, ``aria_label`` for ``aria-label``.

    A true attribute is there without a value (``required=True``), a false one is not there.
    """
    made = Element(name, dict(_written(attributes)))
    last: Element | None = None
    for node in inside:
        if not isinstance(node, str):
            made.append(node)
            last = node
        elif last is None:
            made.text = (made.text or "") + node
        else:
            last.tail = (last.tail or "") + node
    return made


def document(title: str, style: str, body: Iterable[Node]) -> str:
    """A whole page, for light and dark eyes and for small screens."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("title", title),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="stylesheet", href=style),
    )
    page = tag("html", head, tag("body", *body), lang="en")
    return "<!doctype html>\n" + tostring(page, encoding="unicode", method="html")


def _written(attributes: dict[str, str | bool]) -> Iterator[tuple[str, str]]:
    for name, value in attributes.items():
        if value is not False:
            yield name.rstrip("_").replace("_", "-"), "" if value is True else value
