"""The fuzzer at a parser that condemns too easily, to see that it would find one."""

from typing import NoReturn

from tests.fuzzing import engine
from zoho_tokend.core.errors import GrantRejected
from zoho_tokend.zoho import wire
from zoho_tokend.zoho.response import ZohoResponse


def _condemn(answer: ZohoResponse) -> NoReturn:
    """Any refusal that begins like one of the four codes is taken for a verdict."""
    raise GrantRejected("condemned") if answer.error.startswith("invalid") else wire.unusable(answer)


if __name__ == "__main__":
    wire.refusal = _condemn
    engine.main()
