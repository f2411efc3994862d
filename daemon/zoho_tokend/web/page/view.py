"""What the page is made of: facts of one moment, and what the reader asked to see of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from zoho_tokend.core.facts import DaemonFacts
from zoho_tokend.core.health import Check
from zoho_tokend.web.listing import Listing, Selection
from zoho_tokend.web.page.promise import Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One look at the daemon.

    Attributes:
        promise: how it stands for the whole fleet, whatever part of it is shown.
        ready: the checks of ``/readyz``.
    """

    daemon: DaemonFacts
    ready: Sequence[Check]
    promise: Promise
    listing: Listing
    selection: Selection

    @property
    def is_ready(self) -> bool:
        """Whether no check of ``/readyz`` fails."""
        return all(check.ok for check in self.ready)
