"""What our policy lets us do, asked of Vault itself (https://developer.hashicorp.com/vault/api-docs/system/capabilities-self)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from zoho_tokend.vault.answer import Answer
from zoho_tokend.vault.request import Request, capabilities

PATHS_PER_REQUEST: Final = 256


async def granted(paths: Sequence[str], ask: Callable[[Request], Awaitable[Answer]]) -> Mapping[str, frozenset[str]]:
    """What we may do on each path, in a policy's words; ``root`` alone for a root token, nothing where it is denied.

    One request for each 256 paths. Raises what ``ask`` raises.
    """
    found: dict[str, frozenset[str]] = {}
    for start in range(0, len(paths), PATHS_PER_REQUEST):
        part = paths[start : start + PATHS_PER_REQUEST]
        answer = await ask(capabilities(part))
        for path in part:
            words = answer.at("data", path)
            found[path] = frozenset(map(str, words)) - {"deny"} if isinstance(words, list) else frozenset()
    return found
