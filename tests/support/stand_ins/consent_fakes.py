"""Stand-ins with behaviour for what a consent meets: the person, the registry in Vault, and Zoho's API."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from tests.support.stand_ins.fakes import FakeVault
from zoho_tokend.core.consent import Polled, Proof
from zoho_tokend.core.model import Client, ConnectionName, Secret
from zoho_tokend.core.origin import Origin
from zoho_tokend.operations.person import Interrupted, NobodyThere
from zoho_tokend.vault.kv import KvRecord
from zoho_tokend.vault.layout import Layout


class FakePerson:
    """Hears, and waits in the loop's time.

    Attributes:
        said: every sentence, also those of waits.
        waits: how long each wait was.
        passphrases: to be chosen in this order; None for nobody there.
        folders: to be chosen in this order; nobody is there after the last.
        impatient: the next wait is interrupted.
    """

    def __init__(self, *passphrases: str | None) -> None:
        self.said: list[str] = []
        self.waits: list[timedelta] = []
        self.passphrases = deque(passphrases)
        self.folders: deque[Path] = deque()
        self.impatient = False

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    async def wait(self, span: timedelta, sentence: str) -> None:
        self.said.append(sentence)
        if self.impatient:
            self.impatient = False
            raise Interrupted
        self.waits.append(span)
        await asyncio.sleep(span.total_seconds())

    async def choose_passphrase(self, why: str) -> Secret:
        self.said.append(why)
        chosen = self.passphrases.popleft()
        if chosen is None:
            raise NobodyThere
        return Secret(chosen)

    async def choose_folder(self, why: str) -> Path:
        self.said.append(why)
        if not self.folders:
            raise NobodyThere
        return self.folders.popleft()


class FakeRegistry:
    """The credentials of a fake Vault, as an operator reads and writes them."""

    def __init__(self, vault: FakeVault) -> None:
        self._vault = vault

    async def credential(self, connection: ConnectionName) -> KvRecord:
        path = f"credentials/{connection}"
        record = await self._vault._read(path)
        return KvRecord(
            path=Layout().credential(connection),
            version=self._vault._current(path),
            fields=None if record is None else record.values,
        )

    async def record_credential(
        self, connection: ConnectionName, fields: Mapping[str, object], *, after_version: int
    ) -> int:
        return await self._vault._write(f"credentials/{connection}", dict(fields), after_version=after_version)

    async def prove_writable(self, connection: ConnectionName) -> None:
        await self._vault._request(f"credentials/{connection}")


class FakeApi:
    """An API that proves every token so."""

    def __init__(self, proof: Proof) -> None:
        self._proof = proof
        self.asked: list[str] = []

    async def prove(self, access_token: Secret, *, api_domain: str) -> Proof:
        del access_token
        self.asked.append(api_domain)
        return self._proof


class FakeDevicePage:
    """Answers polls as scripted, the last answer for ever.

    Attributes:
        polls: when each came in the loop's time, where to, and with which client secret.
        homes: what is answered to who asks where a data centre is.
    """

    def __init__(self, *answers: Polled | Exception, homes: Iterable[Origin | Exception] = ()) -> None:
        self._answers = deque(answers)
        self.homes = deque(homes)
        self.polls: list[tuple[float, str, str]] = []

    async def poll_device(
        self, code: Secret, client: Client, *, accounts_server: Origin, moved_to: str | None = None
    ) -> Polled:
        del code, moved_to
        now = asyncio.get_running_loop().time()
        self.polls.append((round(now, 1), str(accounts_server), client.client_secret.reveal()))
        answer = self._answers[0] if len(self._answers) == 1 else self._answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def accounts_server(self, location: str, *, seen_from: Origin) -> Origin:
        del location, seen_from
        home = self.homes.popleft()
        if isinstance(home, Exception):
            raise home
        return home
