"""A cluster as Vault sees it: it makes tokens of service accounts, and says of each whose it is."""

import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import jwt as pyjwt
import trustme
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.servers.loopback_server import answering, loopback_server

_KEY: Final = ec.generate_private_key(ec.SECP256R1())
_UID: Final = "invented-uid"


@dataclass(frozen=True)
class Cluster:
    """Where its API is, and who vouches for it.

    Attributes:
        authority: PEM, as in every namespace's ConfigMap `kube-root-ca.crt`.
    """

    origin: str
    authority: str
    namespace: str
    account: str

    def token(self, audience: str | None) -> str:
        """A token of the service account, as a projected volume has it."""
        now = int(time.clock_gettime(time.CLOCK_REALTIME))
        account = {"namespace": self.namespace, "serviceaccount": {"name": self.account, "uid": _UID}}
        subject = f"system:serviceaccount:{self.namespace}:{self.account}"
        claims = {"sub": subject, "iat": now, "exp": now + 600, "aud": [audience or self.origin]}
        return pyjwt.encode({**claims, "kubernetes.io": account}, _KEY, algorithm="ES256")


@asynccontextmanager
async def cluster(*, namespace: str, account: str) -> AsyncIterator[Cluster]:
    """A cluster that takes every token for that of this service account, made for Vault."""
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    user = {"username": f"system:serviceaccount:{namespace}:{account}", "uid": _UID, "groups": []}
    review = {"kind": "TokenReview", "status": {"authenticated": True, "user": user, "audiences": ["vault"]}}
    headers = {"Content-Type": "application/json", "Connection": "close"}
    async with loopback_server(answering("201 Created", json.dumps(review).encode(), headers), tls=tls) as api:
        yield Cluster(api.origin, authority.cert_pem.bytes().decode(), namespace, account)
