"""One line of the page: what was asked, what came out, what was wanted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A finding in words.

    Attributes:
        target: empty where nothing was promised; then ``holds`` is None.
    """

    what: str
    measured: str
    target: str = ""
    holds: bool | None = None
