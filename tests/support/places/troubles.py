"""Everything that can go wrong at once, with marked secrets in all of it."""

from dataclasses import dataclass, field, replace

from tests.support.places.site import Site
from zoho_simulator import Client, Consent, User
from zoho_simulator.faults import (
    Fault,
    always,
    cut_off,
    delayed,
    drop,
    error,
    general_error,
    html,
    html_502,
    lifetime_as_text,
    lost_answer,
    rotated_refresh_token,
    throttled,
    truncated_json,
)
from zoho_simulator.rules.messages import Answer

# Long enough for a busy machine to meddle meanwhile, and well within what the daemon waits for an answer.
SLOW = 10


def echo(secret: str) -> dict[str, Fault]:
    """Zoho sends what it was sent, in every place that somebody may be tempted to quote."""
    page = f"<html>refresh_token={secret}&client_secret={secret}</html>"
    bodies: dict[str, Answer] = {
        "in-a-page": Answer(content=page, status=500),
        "as-a-code": Answer(content={"error": secret, "error_description": f"bad {secret}"}),
        "in-a-verdict": Answer(content={"error": "invalid_code", "error_description": secret}, status=400),
        "in-a-throttle": Answer(content={"error": "Access Denied", "error_description": secret}, status=400),
        "as-an-ill-token": Answer(content={"access_token": f"{secret}\nSet-Cookie: {secret}", "expires_in": 3600}),
        "as-an-ill-refresh-token": Answer(content={"access_token": "1000.a.b", "refresh_token": f"{secret} {secret}"}),
        "in-headers": Answer(
            content="", status=302, headers={"Location": f"https://example.com/?token={secret}", "Retry-After": secret}
        ),
        "in-every-field": Answer(
            content={
                "access_token": secret,
                "token_type": secret,
                "scope": secret,
                "api_domain": f"https://{secret}@example.com",
                "expires_in": secret,
            }
        ),
    }
    return {f"echo-{where}": Fault(name=f"echo_{where}", stand_in=answer) for where, answer in bodies.items()}


def misplaced(secret: str) -> dict[str, dict[str, object]]:
    """Fields of a credential that hold a secret where none belongs, or one that cannot be read."""
    no_client: dict[str, object] = {"client_id": None, "client_secret": None}
    return {
        "as-a-user": {"accounts_server": f"https://{secret}:{secret}@accounts.zoho.eu"},
        "as-a-query": {"accounts_server": f"https://accounts.zoho.eu/?refresh_token={secret}"},
        "as-a-server": {"accounts_server": secret},
        "with-blanks": {"client_id": f" {secret} "},
        "as-an-object": {"client_id": {"secret": secret}},
        "with-a-line-end": {"client_secret": f"{secret}\n"},
        "as-a-list": {"refresh_token": [secret]},
        "with-its-name": {"refresh_token": f"refresh_token={secret} and more"},
        "as-a-number": {"refresh_at": secret},
        "as-a-grant-type": {"grant_type": secret},
        "as-a-scope": {"scope": f"{secret}\t{secret}", "grant_type": "client_credentials", "soid": "ZohoCRM.1"},
        "beside-a-client": {"client": secret},
        "as-a-client": {"client": secret, **no_client},
        "as-a-path": {"client": f"../{secret}", **no_client},
    }


FAULTS = {
    "html-502": html_502(),
    "html-200": html(200),
    "truncated": truncated_json(),
    "cut-off": cut_off(),
    "dropped": drop(),
    "lost": lost_answer(),
    "general-error": general_error(),
    "throttled-200": throttled(200),
    "throttled-400": throttled(400),
    "throttled-429": throttled(429, retry_after=30),
    "invalid-code": error("invalid_code"),
    "invalid-client": error("invalid_client", 401),
    "unknown-code": error("never_heard_of_it"),
    "rotated": rotated_refresh_token(),
    "lifetime-in-text": lifetime_as_text(),
    "well": delayed(0),
    "conflicted": delayed(SLOW),
    "denied": delayed(SLOW),
}


@dataclass
class Troubles:
    """A site in which everything is wrong.

    Attributes:
        canaries: the secrets that must not get out.
    """

    site: Site
    canaries: set[str] = field(default_factory=set)

    def put(self) -> None:
        """Every trouble stands in Vault, and waits at Zoho."""
        # Throttled siblings cool their client, which would keep the others' troubles waiting.
        client, throttled_client = self._client("marked"), self._client("throttled")
        for name, fault in (FAULTS | echo(self.mark("echoed"))).items():
            refresh_token = self._connect(name, throttled_client if "throttle" in name else client)
            self.site.zoho.fault(always(fault), refresh_token=refresh_token)
        for name, changes in misplaced(self.mark("misplaced")).items():
            self.site.put(name, self.site.fields(client, refresh_token=self.mark("refresh-token")) | changes)
        self.site.corner.put("tokens/well", access_token=self.mark("foreign-token"), schema="1", connection="well")
        self.site.put("revoked", self.site.fields(client, revoked_at="2026-01-01T00:00:00Z"))
        self.site.corner.put("clients/of-others", **self.site.fields(client), connections="sales-*")
        self.site.put("not-named", {"client": "of-others", "refresh_token": self.mark("refresh-token")})
        self._connect("forbidden", client)
        self.site.corner.forbid("credentials/forbidden")

    def meddle(self) -> None:
        """While Zoho takes its time: another writer is first, and a policy is narrowed."""
        self.site.corner.put("tokens/conflicted", access_token=self.mark("meddlers-token"))
        self.site.corner.forbid("tokens/denied")

    def collect(self) -> None:
        """What was issued, and what was rotated, is marked too."""
        for name in ("well", "rotated", "lifetime-in-text", "conflicted"):
            self.canaries |= {str(record["access_token"]) for record in self.site.token_versions(name)}
        self.canaries.add(str(self.site.corner.fields("credentials/rotated")["refresh_token"]))

    def mark(self, what: str) -> str:
        """A secret that no pattern knows for one."""
        canary = f"CANARY-{what}-{len(self.canaries)}-x7Qd"
        self.canaries.add(canary)
        return canary

    def _client(self, name: str) -> Client:
        marked = replace(self.site.zoho.add_client(name, home="eu"), secrets={"eu": self.mark("client-secret")})
        return self.site.zoho.register(marked)

    def _connect(self, name: str, client: Client) -> str:
        consent = Consent(
            client_id=client.client_id,
            user=User(email=f"{name}@example.com", data_center="eu"),
            scope="ZohoCRM.modules.ALL",
        )
        refresh_token = self.site.zoho.adopt(consent, self.mark("refresh-token"))
        self.site.put(name, self.site.fields(client, refresh_token=refresh_token))
        return refresh_token
