"""Which script happens to which request."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from zoho_simulator.faults.fault import Fault
from zoho_simulator.faults.script import Script
from zoho_simulator.rules.routes import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One request, as far as a target tells requests apart; the refresh token by its fingerprint."""

    data_center: str
    endpoint: Endpoint
    client_id: str | None = None
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The requests that a script happens to: those that agree with everything given here.

    Attributes:
        refresh_token: its fingerprint.
    """

    endpoint: Endpoint | None = Endpoint.TOKEN
    data_center: str | None = None
    client_id: str | None = None
    refresh_token: str | None = None

    def meets(self, occasion: Occasion) -> bool:
        """Whether the request is one of them."""
        return (
            self.endpoint in {None, occasion.endpoint}
            and self.data_center in {None, occasion.data_center}
            and self.client_id in {None, occasion.client_id}
            and self.refresh_token in {None, occasion.refresh_token}
        )


@dataclass(slots=True, eq=False)
class _Playing:
    target: Target
    faults: Iterator[Fault]


@dataclass(slots=True)
class ActiveFaults:
    """The scripts that are being played; the one set last goes first, and leaves when it is played."""

    _playing: list[_Playing] = field(default_factory=list)

    def bring(self, script: Script, target: Target) -> None:
        """The script happens to the target from the next request on."""
        self._playing.insert(0, _Playing(target, script.faults()))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._playing.clear()

    def strikes(self, occasion: Occasion) -> Fault | None:
        """What goes wrong with this request."""
        for playing in list(self._playing):
            if not playing.target.meets(occasion):
                continue
            fault = next(playing.faults, None)
            if fault is not None:
                return fault
            self._playing.remove(playing)
        return None
