"""Why a reader has no token to give.

Each text is one sentence: what is wrong, where, and what to look at. None of them holds a token.

    ReaderError
        NoSuchConnection    no record stands there
        NoSuchMount         there is no place where one could stand
        TokenTooOld         there is one, with too little life left
        NotAllowed          Vault refuses to show it
        VaultUnreachable    Vault gave no usable answer
        UnknownSchema       what stands there is no token record that we can read
        WrongHost           a token was about to be sent where it does not belong
        NotConfigured       the environment does not say where Vault is
"""

from datetime import timedelta
from functools import partial


class ReaderError(Exception):
    """Any of them."""


class NoSuchConnection(ReaderError):
    """There is no token record of this name."""


class NoSuchMount(ReaderError):
    """Vault has no engine mounted there, or no such namespace. Nobody withdraws a token in this way."""


class TokenTooOld(ReaderError):
    """The token in Vault has less life left than was asked for, and the daemon brought no newer one in time.

    Attributes:
        age: since its issue.
        life_left: negative once it has expired.
    """

    def __init__(self, sentence: str, *, age: timedelta, life_left: timedelta) -> None:
        super().__init__(sentence)
        self.age = age
        self.life_left = life_left

    def __reduce__(self) -> tuple[object, ...]:
        """Cross from one process to another as it is, which an exception with keywords does not by itself."""
        return partial(type(self), age=self.age, life_left=self.life_left), self.args


class NotAllowed(ReaderError):
    """Vault refuses: the policy does not allow it, or the reader's own Vault token has ended."""


class VaultUnreachable(ReaderError):
    """Vault is away, sealed, a standby, or too slow."""


class UnknownSchema(ReaderError):
    """The record is of a later schema than this package knows, or none of zoho-tokend's."""


class WrongHost(ReaderError):
    """The request goes to a host that is none of those that the token is for; nothing was sent."""


class NotConfigured(ReaderError):
    """A setting is missing that a reader cannot do without."""
