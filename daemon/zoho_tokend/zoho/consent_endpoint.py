"""Zoho's endpoints for authorizing: codes, polls, revocation and the proof of a token."""

from collections.abc import Mapping

from zoho_tokend.core.consent import DeviceCode, GrantCode, Granted, Polled, Proof, Revocation, Unproven
from zoho_tokend.core.errors import (
    ClientRejected,
    CodeMaybeSpent,
    NeverSent,
    ServerNotAllowed,
    WrongDataCenter,
    ZohoUnavailable,
)
from zoho_tokend.core.model import Client, ClientCredentialsGrant, Issued, Secret
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.zoho.calls import Calls
from zoho_tokend.zoho.datacenters import AccountsServers
from zoho_tokend.zoho.device import DEVICE_CODE_PATH, DEVICE_TOKEN_PATH, device_code, device_form, poll_form, polled
from zoho_tokend.zoho.exchange import exchange_form, granted, issued_by_consent
from zoho_tokend.zoho.proof import PROOF_PATH, api_authorization, proof
from zoho_tokend.zoho.response import ZohoResponse
from zoho_tokend.zoho.revocation import (
    OLD_REVOCATION_PATH,
    REVOCATION_PATH,
    basic_authorization,
    old_revocation_form,
    revocation_form,
    revoked,
    revoked_the_old_way,
)
from zoho_tokend.zoho.serverinfo import SERVERINFO_PATH, accounts_servers
from zoho_tokend.zoho.transport import Transport
from zoho_tokend.zoho.wire import TOKEN_PATH, token_form


class ConsentEndpoint:
    """Zoho, for the person who authorizes, and for whoever checks whether a token is alive.

    Nothing is sent to a server that is not allowed, and no call is cancelled half-way: the tokens that a code brings
    would be lost.

    Attributes:
        servers: where anything may be sent; replaced when the settings are read again.

    Every method raises:
        ServerNotAllowed: the accounts server is outside the allow-list; nothing was sent.
    """

    def __init__(self, transport: Transport, calls: Calls, *, servers: AccountsServers) -> None:
        self._transport = transport
        self._calls = calls
        self.servers = servers

    async def exchange(self, code: GrantCode, client: Client) -> Granted:
        """Exchange the code, which is spent whatever the answer, and return what it brings.

        Args:
            client: with its secret of the data centre that the code belongs to.

        Raises:
            NeverSent: Zoho was not reached, so the code is as good as before; a ZohoUnavailable.
            CodeMaybeSpent: the answer was lost, or cannot be read.
            WrongDataCenter: the user lives in a data centre where the client is not known.
            CodeRejected, RedirectUriRejected, ScopeRejected, OrganisationRejected, ConsentRefused, NoRefreshToken,
            ClientRejected, Throttled.
        """
        try:
            return granted(await self._post(code.accounts_server, TOKEN_PATH, exchange_form(code, client)))
        except NeverSent:
            raise
        except ZohoUnavailable as error:
            raise CodeMaybeSpent(f"{CodeMaybeSpent.sentence} ({error})") from None
        except ClientRejected:
            if code.moved_from is None:
                raise
            raise _not_known_in(code.location or self.servers.location(code.accounts_server)) from None

    async def issue_to_client(
        self, client: Client, grant: ClientCredentialsGrant, *, accounts_server: Origin
    ) -> Issued:
        """Issue an access token to the client itself, to check its credentials; it costs an issue.

        Raises:
            OrganisationRejected, ScopeRejected, ClientRejected, CodeRejected, RedirectUriRejected, ConsentRefused,
            Throttled, ZohoUnavailable.
        """
        return issued_by_consent(await self._post(accounts_server, TOKEN_PATH, token_form(client, grant)))

    async def begin_device(self, client_id: str, scope: str, *, accounts_server: Origin) -> DeviceCode:
        """Begin a device flow, and return its codes.

        Raises:
            ClientRejected, ScopeRejected, Throttled, ZohoUnavailable.
        """
        return device_code(await self._post(accounts_server, DEVICE_CODE_PATH, device_form(client_id, scope)))

    async def poll_device(
        self, code: Secret, client: Client, *, accounts_server: Origin, moved_to: str | None = None
    ) -> Polled:
        """Poll the device flow. After a lost answer that contained the tokens, the next poll raises CodeRejected.

        Args:
            accounts_server: where the flow was begun, or that of the data centre where the person turned out to live.
            moved_to: Zoho's name of the latter.

        Raises:
            ConsentRefused, DeviceCodeExpired, NoRefreshToken, CodeRejected, ScopeRejected, ClientRejected.
            WrongDataCenter: the person lives in a data centre where the client is not known.
            Throttled, ZohoUnavailable: poll again.
        """
        try:
            return polled(await self._post(accounts_server, DEVICE_TOKEN_PATH, poll_form(code, client)))
        except ClientRejected:
            if moved_to is None:
                raise
            raise _not_known_in(moved_to) from None

    async def accounts_server(self, location: str, *, seen_from: Origin) -> Origin:
        """Return the accounts server of a data centre; Zoho's own are known, for others ``seen_from`` is asked.

        Raises:
            WrongDataCenter: it is not known.
            ZohoUnavailable: ``seen_from`` gave no usable answer.
        """
        known = self.servers.at(location) if self.servers.is_zohos(seen_from) else None
        server = known or (await self.data_centers(seen_from)).get(location)
        if server is None:
            raise WrongDataCenter(
                f"the user lives in Zoho's data centre '{location}', whose address could not be determined: begin "
                "again at its accounts server"
            )
        self.servers.check(server)
        return server

    async def data_centers(self, seen_from: Origin) -> Mapping[str, Origin]:
        """Return the accounts servers by location, as this one lists them; that does not allow sending anything there.

        Raises:
            ZohoUnavailable.
        """
        self.servers.check(seen_from)
        return accounts_servers(await self._calls.uncancelled(self._transport.get(seen_from, SERVERINFO_PATH)))

    async def revoke(self, refresh_token: Secret, client: Client, *, accounts_server: Origin) -> Revocation:
        """Revoke the refresh token and every access token issued with it, by the newer contract or else the older.

        Raises:
            ClientRejected, Throttled, ZohoUnavailable: it may still be alive.
        """
        answer = await self._post(
            accounts_server,
            REVOCATION_PATH,
            revocation_form(refresh_token),
            authorization=basic_authorization(client),
        )
        try:
            return revoked(answer)
        except ZohoUnavailable:
            return revoked_the_old_way(
                await self._post(accounts_server, OLD_REVOCATION_PATH, old_revocation_form(refresh_token))
            )

    async def prove(self, access_token: Secret, *, api_domain: str) -> Proof:
        """Check whether Zoho's API accepts the token. Trouble on the way proves nothing, and is not an error.

        Raises:
            ServerNotAllowed: a token may not be sent to the API domain; nothing was sent.
        """
        api = self._api(api_domain)
        authorization = api_authorization(access_token)
        try:
            return proof(
                await self._calls.uncancelled(self._transport.get(api, PROOF_PATH, authorization=authorization))
            )
        except ZohoUnavailable as error:
            return Unproven(str(error))

    async def _post(
        self, server: Origin, path: str, fields: Mapping[str, str], *, authorization: Secret | None = None
    ) -> ZohoResponse:
        self.servers.check(server)
        return await self._calls.uncancelled(self._transport.post(server, path, fields, authorization=authorization))

    def _api(self, api_domain: str) -> Origin:
        try:
            api = parse_origin(api_domain)
        except ValueError:
            raise ServerNotAllowed("the API domain is not an origin such as https://www.zohoapis.eu") from None
        if not self.servers.allows_api(api):
            raise ServerNotAllowed(
                f"the API domain {api} is not a known one of Zoho's, so the token was not sent there"
            )
        return api


def _not_known_in(location: str) -> WrongDataCenter:
    """Return the error for ``invalid_client`` where the user's data centre is not the client's.

    Zoho reports it for a data centre that is not enabled for the client, and for one where it has another secret:
    https://www.zoho.com/crm/developer/docs/api/v2.1/access-refresh.html.
    """
    return WrongDataCenter(
        f"the user lives in Zoho's data centre '{location}', where Zoho does not accept the client: enable that data "
        f"centre for it in Zoho's API console, and store the secret that is shown there as client_secret_{location}"
    )
