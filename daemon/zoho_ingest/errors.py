"""Why a module was not loaded. Each text is one sentence: what is wrong, where, and what to do.

    IngestError
        TryAgain        the next run goes on where this one ended
            CreditsSpent    the organisation has no API credits to spare
        NeedsAPerson    every run ends like this until somebody acts
            ScopeMissing    the token does not open a module
            TokenRefused    Zoho refuses the token, and Vault has no other
        WrongUse        the command was called wrongly; nothing was asked

None of them holds a token, or anything that a record says.
"""


class IngestError(Exception):
    """Any of them."""


class TryAgain(IngestError):
    """Zoho, Vault or Adobe did not answer as it should; the next run goes on."""


class CreditsSpent(TryAgain):
    """The API credits of the organisation are spent, or nearly so."""


class NeedsAPerson(IngestError):
    """It stays like this until somebody acts."""


class ScopeMissing(NeedsAPerson):
    """The token lacks a scope."""


class TokenRefused(NeedsAPerson):
    """Zoho refuses the token that Vault holds."""


class WrongUse(IngestError):
    """An argument or a setting is wrong."""
