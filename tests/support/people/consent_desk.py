"""The desk of somebody who authorizes: a site with an operator's rights, and the ear that lets no secret pass."""

import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.canary import assert_no_canary
from tests.support.people.person import AtTerminal, Piped, at_terminal
from tests.support.places.site import Site
from tests.support.processes.process import Finished
from zoho_simulator import Client, ClientKind
from zoho_tokend.core.model import Secret

SCOPE: Final = "ZohoCRM.modules.READ,ZohoCRM.org.READ"
REDIRECT_URI: Final = "http://localhost:8970/callback"
# Every code and token of Zoho's has one shape, and every client secret another: whatever has it is a secret.
_SECRETS: Final = re.compile(r"100[0-9]\.[0-9a-f]{32}\.[0-9a-f]{32}|\b[0-9a-f]{42}\b")
_PAGE: Final = re.compile(r"http\S+/oauth/v2/auth\?\S+")


@dataclass
class Desk:
    """What a person does there, and what is seen to come of it.

    Attributes:
        folder: where commands are run; nothing but a rescue file may ever be in it.
        address: of Vault, as commands know it.
        settings: those that differ from the site's.
    """

    site: Site
    folder: Path
    vault_token: Secret
    address: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    # --- commands

    def run(self, *arguments: str, typed: tuple[str, ...] = (), **settings: str) -> Finished:
        """The command, run to its end; it has told no secret."""
        with self.begin(*arguments, **settings) as command:
            return command.finish(*typed)

    @contextmanager
    def begin(self, *arguments: str, **settings: str) -> Iterator[Piped]:
        """The command, until the block ends at the latest; it has told no secret then."""
        command = Piped(
            *arguments,
            environment=self.environment(**settings),
            folder=self.folder,
            logs=Path(tempfile.mkdtemp(dir=self.site.folder)),
        )
        with closing(command):
            yield command
            self._has_told_nothing(command.heard, command.typed)

    @contextmanager
    def at_terminal(self, *arguments: str, **settings: str) -> Iterator[AtTerminal]:
        """The same at a terminal."""
        with at_terminal(*arguments, environment=self.environment(**settings), folder=self.folder) as command:
            yield command
            self._has_told_nothing(command.heard, command.typed)

    def environment(self, **settings: str) -> dict[str, str]:
        """The variables of a command."""
        usual = {"VAULT_TOKEN": self.vault_token.reveal(), "VAULT_ADDR": self.address or self.site.corner.address}
        return dict(self.site.environment(**(usual | self.settings | settings)))

    # --- applications

    def application(
        self, kind: ClientKind = ClientKind.SELF, *, redirect_uri: str = REDIRECT_URI, same_secret: bool = True
    ) -> Client:
        """An application of Zoho's console, enabled in all data centres."""
        others = [center.name for center in self.site.zoho.data_centers[1:]]
        uris = (redirect_uri,) if kind in {ClientKind.SERVER, ClientKind.MOBILE} else ()
        return self.site.zoho.add_client(
            f"jobs {secrets.token_hex(3)}", kind=kind, also_in=others, same_secret=same_secret, redirect_uris=uris
        )

    def add(self, application: Client, name: str = "app", *more: str, secret: str | None = None) -> Finished:
        """`client add` for the application."""
        uris = [f"--redirect-uri={uri}" for uri in application.redirect_uris]
        return self.run(
            *("client", "add", name, f"--client-id={application.client_id}", f"--kind={application.kind}"),
            *(f"--accounts-server={self.site.zoho[application.home].accounts_server}", "--connections=*", *uris, *more),
            typed=(application.client_secret if secret is None else secret,),
        )

    def registered(self, kind: ClientKind = ClientKind.SELF, *, same_secret: bool = True, **more: str) -> Client:
        """An application that is in Vault already, as `app`; one that has one secret may use it in all data centres."""
        application = self.application(kind, same_secret=same_secret)
        optional = {"redirect_uri": application.redirect_uris[0]} if application.redirect_uris else {}
        if same_secret:
            optional["client_secret_other"] = application.client_secret
        self.site.corner.put(
            "clients/app",
            client_id=application.client_id,
            client_secret=application.client_secret,
            kind=str(application.kind),
            accounts_server=self.site.zoho[application.home].accounts_server,
            **optional,
            **more,
        )
        return application

    # --- what a person does at Zoho

    def decided(self, page: str, *, accepting: bool = True, user: str = "ann@example.com") -> str:
        """The address at which the browser ends after the decision on this consent page."""
        form = {"decision": "yes" if accepting else "no", "user": user}
        answer = httpx.post(page, data=form, trust_env=False, timeout=60)
        assert answer.is_redirect, answer.text
        return answer.headers["location"]

    def exchanged(self, application: Client, address: str) -> dict[str, object]:
        """What Zoho says to somebody who exchanges the code of this address, and has the client's secret."""
        code = dict(parse_qsl(urlsplit(address).query))["code"]
        form = {
            "grant_type": "authorization_code",
            "client_id": application.client_id,
            "client_secret": application.client_secret,
            "redirect_uri": application.redirect_uris[0],
            "code": code,
        }
        server = self.site.zoho[application.home].accounts_server
        answer: dict[str, object] = httpx.post(
            f"{server}/oauth/v2/token", data=form, trust_env=False, timeout=60
        ).json()
        return answer

    @staticmethod
    def page(heard: str) -> str:
        """The address of the consent page that a command has printed."""
        found = _PAGE.search(heard)
        assert found, heard
        return found[0]

    # --- what came of it

    def version(self, path: str) -> int:
        """The version that the record has now; 0 where there is not even a trace of it."""
        corner = self.site.corner
        metadata = f"{corner.mount}/metadata/zoho/{path}"
        if not corner.admin.succeeds("GET", metadata, {}):
            return 0
        data = corner.admin.ask("GET", metadata)["data"]
        assert isinstance(data, dict)
        return int(data["current_version"])

    def credential(self, name: str = "crm-prod") -> dict[str, object]:
        return self.site.corner.fields(f"credentials/{name}")

    def rescue_file(self) -> Path:
        """The one file that the commands have left."""
        (file,) = self.folder.iterdir()
        return file

    def _has_told_nothing(self, heard: str, typed: list[str]) -> None:
        told = _SECRETS.search(heard)
        assert not told, f"{told[0]} got out in: {heard}"
        canaries = [*typed, self.vault_token.reveal()]
        assert_no_canary([canary for canary in canaries if canary], heard)


def a_desk(site: Site, folder: Path) -> Desk:
    """A desk in this folder, with the right to read and write everything in the site's corner."""
    return Desk(site=site, folder=folder, vault_token=site.corner.admin.token(site.corner.policy))
