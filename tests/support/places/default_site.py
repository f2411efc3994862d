"""A server as the files of `deploy/readers/` take it to be, so that what is shipped runs as it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.support.places.site import LIFETIME, Site, a_site
from tests.support.processes.process import call
from tests.support.servers.openbao import Corner
from zoho_tokend.core.model import Secret

CONNECTION = "crm-prod"
ROLE = "crm-reader"


@dataclass(frozen=True)
class DefaultSite:
    """A site at the default mount and prefix, where ``crm-reader`` has the printed policy and nothing else."""

    site: Site
    refresh_token: str

    @property
    def corner(self) -> Corner:
        return self.site.corner

    @property
    def address(self) -> str:
        return self.corner.address

    def vault_token(self) -> Secret:
        """A token of a job."""
        return self.corner.admin.token(ROLE)

    def publish(self) -> None:
        """A daemon runs until the connection has a token."""
        with self.site.daemon() as daemon:
            daemon.until_state(CONNECTION, "fresh")

    def record(self) -> dict[str, object]:
        return self.site.token(CONNECTION)

    def crm_calls(self) -> list[int]:
        """The status of each call of the CRM that there was."""
        return [call.status for call in self.site.zoho.journal.api_calls()]

    def put_role_id(self, folder: Path) -> None:
        """The two files with which an agent logs in as the role."""
        admin, role = self.corner.admin, f"auth/approle/role/{ROLE}"
        (folder / "role-id").write_text(admin.text("GET", f"{role}/role-id", "data", "role_id"))
        (folder / "secret-id").write_text(admin.text("POST", f"{role}/secret-id", "data", "secret_id"))


def make_ready(corner: Corner) -> None:
    """The server knows the role: its policy is the printed one, and machines log in to it with an AppRole."""
    printed = call("policy", "reader", "--connection", CONNECTION)
    assert (printed.code, printed.err) == (0, "")
    corner.write_policy()
    corner.admin.ask("PUT", f"sys/policies/acl/{ROLE}", {"policy": printed.out})
    corner.admin.ask("POST", "sys/auth/approle", {"type": "approle"})
    corner.admin.ask("POST", f"auth/approle/role/{ROLE}", {"token_policies": [ROLE], "token_ttl": "1h"})


@contextmanager
def default_site(corner: Corner, folder: Path, *, lifetime: timedelta = LIFETIME) -> Iterator[DefaultSite]:
    """A site where ``crm-prod`` has a credential and no token yet, whatever was there before."""
    for kind in ("credentials", "tokens"):
        corner.erase(f"{kind}/{CONNECTION}")
    with a_site(corner, folder, lifetime=lifetime) as site:
        yield DefaultSite(site, site.connect(CONNECTION))
