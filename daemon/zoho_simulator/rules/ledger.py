"""The memory of one data centre, and the caps that hold in it. Data centres share nothing but client ids."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime

from zoho_simulator.rules import shapes
from zoho_simulator.rules.limits import Limits, Meter
from zoho_simulator.rules.organisation import Organisation
from zoho_simulator.rules.records import AccessToken, Client, Consent, DeviceCode, Grant, GrantCode


class Ledger:
    """What one data centre knows.

    Attributes:
        locations: the origin of every data centre by name, its own among them; accounts server and API are one.
        issues: token calls, by refresh token or client.
        mints: refresh tokens that codes brought, by client and user.
        organisation: what the CRM holds; every user sees the same.
        codes_made: grant codes that people got on a page, by client.
    """

    def __init__(self, *, name: str, locations: Mapping[str, str], limits: Limits) -> None:
        self.name = name
        self.locations = locations
        self.limits = limits
        self.clients: dict[str, Client] = {}
        self.codes: dict[str, GrantCode] = {}
        self.devices: dict[str, DeviceCode] = {}
        self.organisation = Organisation()
        self.issues = Meter(
            most=limits.issues_per_window, window=limits.window, refused_count=limits.throttled_calls_count
        )
        self.mints = Meter(most=limits.refresh_tokens_per_window, window=limits.window)
        self.codes_made = Meter(most=limits.codes_per_window, window=limits.window)
        self._by_refresh_token: dict[str, Grant] = {}
        self._by_access_token: dict[str, tuple[Grant, AccessToken]] = {}
        self._held: dict[tuple[str, str], deque[Grant]] = {}
        self._own: dict[tuple[str, str, str], Grant] = {}

    @property
    def origin(self) -> str:
        """Its own origin, without a final slash."""
        return self.locations[self.name]

    def grant(self, consent: Consent, *, refresh_token: str, family: str = shapes.ORDINARY) -> Grant:
        """The grant of this new refresh token, which never expires.

        The 21st of a user and client silently kills the first, with its access tokens
        (https://help.zoho.com/portal/en/community/topic/kaizen-43-tokens-and-limitations).
        """
        held = self._held.setdefault((consent.client_id, consent.user.email), deque())
        while len(held) >= self.limits.refresh_tokens_per_user:
            self.revoke(held[0])
        grant = Grant(
            client_id=consent.client_id,
            user=consent.user,
            scope=consent.scope,
            family=family,
            refresh_token=refresh_token,
        )
        held.append(grant)
        self._by_refresh_token[refresh_token] = grant
        return grant

    def has_granted(self, consent: Consent) -> bool:
        """Whether a refresh token of this user and client lives, so that a consent without prompt brings no other."""
        return bool(self._held.get((consent.client_id, consent.user.email)))

    def own_grant(self, *, client_id: str, soid: str, scope: str) -> Grant:
        """The grant by which a client asks for itself, the same for the same organisation and scope."""
        grant = Grant(client_id=client_id, user=None, scope=scope, family=shapes.ORDINARY, refresh_token=None)
        return self._own.setdefault((client_id, soid, scope), grant)

    def by_refresh_token(self, refresh_token: str) -> Grant | None:
        """The grant behind a refresh token, unless it was revoked or evicted, or never was one."""
        return self._by_refresh_token.get(refresh_token)

    def issue(self, grant: Grant, now: datetime) -> AccessToken:
        """A new access token. The older ones live on, save that one above the cap silently kills the oldest.

        https://zoho.com/accounts/protocol/oauth/token-limits.html
        """
        while grant.active and grant.active[0].expires_at <= now:
            self.kill_oldest(grant)
        while len(grant.active) >= self.limits.active_access_tokens:
            self.kill_oldest(grant)
        token = AccessToken(
            text=shapes.new_token(grant.family),
            scope=grant.scope,
            user=grant.user,
            expires_at=now + self.limits.token_lifetime,
        )
        grant.active.append(token)
        self._by_access_token[token.text] = (grant, token)
        return token

    def access(self, text: str, now: datetime) -> AccessToken | None:
        """The access token of this text; None when it expired, was revoked or evicted, or is of another data centre."""
        _, token = self._by_access_token.get(text, (None, None))
        return token if token is not None and now < token.expires_at else None

    def kill_oldest(self, grant: Grant) -> None:
        """The oldest access token of the grant is no longer accepted; there must be one."""
        del self._by_access_token[grant.active.popleft().text]

    def kill_access_token(self, text: str) -> bool:
        """The access token is no longer accepted; whether it had been handed out and not killed."""
        grant, token = self._by_access_token.pop(text, (None, None))
        if grant is None or token is None:
            return False
        grant.active.remove(token)
        return True

    def revoke(self, grant: Grant) -> None:
        """The grant is gone, and every access token with it.

        https://zoho.com/accounts/protocol/oauth/revoke-refresh-token.html
        """
        while grant.active:
            self.kill_oldest(grant)
        if grant.refresh_token is not None and grant.user is not None:
            del self._by_refresh_token[grant.refresh_token]
            self._held[grant.client_id, grant.user.email].remove(grant)

    def rotate(self, grant: Grant) -> str:
        """The grant's new refresh token; the old one answers ``invalid_code`` from now on.

        No page of Zoho describes this, yet Zoho's own SDK stores a refresh token if one comes back
        (https://github.com/zoho/zohocrm-python-sdk-8.0).
        """
        if grant.refresh_token is not None:
            del self._by_refresh_token[grant.refresh_token]
        grant.refresh_token = shapes.new_token(grant.family)
        self._by_refresh_token[grant.refresh_token] = grant
        return grant.refresh_token
