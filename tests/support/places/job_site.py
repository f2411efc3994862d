"""What surrounds a job: a Zoho with a CRM on loopback, and a Vault in which its tokens are published."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import hvac

from tests.support.places.reader_site import Shelves
from tests.support.samples.builders import MINUTE
from tests.support.servers.openbao import Corner
from zoho_simulator import Client, Limits, Simulator, Zoho, in_thread
from zoho_simulator.journal import Entry

EVERYTHING = "ZohoCRM.modules.ALL,ZohoCRM.org.READ,ZohoCRM.users.READ"


@dataclass
class JobSite:
    """One connection named ``crm-prod``, and the daemon's part played by hand."""

    zoho: Zoho
    shelves: Shelves
    client: Client = field(init=False)
    refresh_token: str = field(init=False)
    issued: int = 0

    def __post_init__(self) -> None:
        self.client = self.zoho.add_client(home="eu")
        self.consent(EVERYTHING)

    def consent(self, scope: str) -> None:
        """From now on tokens have this scope."""
        self.refresh_token = self.zoho.consent(self.client, f"{scope}@example.com", scope)

    def refresh(self) -> str:
        """A new access token is published, in place of the last; that one stays alive."""
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client.client_id,
            "client_secret": self.client.secrets["eu"],
            "refresh_token": self.refresh_token,
        }
        answer = httpx.post(
            f"{self.zoho.eu.accounts_server}/oauth/v2/token", data=form, trust_env=False, timeout=60
        ).json()
        token: str = answer["access_token"]
        self.shelves.publish(
            age=MINUTE - self.issued * MINUTE / 60,  # so that each expires later than the one before
            access_token=token,
            authorization=f"Zoho-oauthtoken {token}",
            api_domain=self.zoho.eu.api_domain,
            accounts_server=self.zoho.eu.accounts_server,
        )
        self.issued += 1
        return token

    def kill_oldest(self) -> None:
        """The oldest access token is dead before its time."""
        assert self.zoho.evict(self.refresh_token) == 1

    def reader_client(self) -> hvac.Client:
        """For a reader with a reader's policy, and that of those who report dead tokens."""
        return self.shelves.client(token=self.shelves.vault_token(reporter=True))

    @property
    def reported(self) -> object:
        """The fingerprint in the report that a reader left; None where there is none."""
        path = f"{self.shelves.corner.mount}/data/zoho/reports/crm-prod"
        if not self.shelves.corner.admin.succeeds("GET", path, {}):
            return None
        return self.shelves.corner.fields("reports/crm-prod")["fingerprint"]

    @property
    def api_calls(self) -> list[Entry]:
        return self.zoho.journal.api_calls()

    @property
    def outcomes(self) -> list[str]:
        """How the calls to the CRM ended, in order."""
        return [entry.outcome for entry in self.api_calls]

    @property
    def token_requests(self) -> int:
        """How often Zoho was asked for a token, but for our own refreshes."""
        return len(self.zoho.journal.requests()) - self.issued


@contextmanager
def a_job_site(corner: Corner, limits: Limits | None = None) -> Iterator[JobSite]:
    """A site with a first token published; in the end nobody but the daemon may have asked Zoho for a token."""
    with in_thread(Simulator(data_centers=("eu", "in"), limits=limits or Limits())) as zoho:
        site = JobSite(zoho, Shelves(corner))
        site.refresh()
        yield site
        assert site.token_requests == 0
        assert not zoho.journal.violations
