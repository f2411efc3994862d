"""Whom we trust to vouch for Zoho's servers."""

import ssl

import httpx

from zoho_tokend.core.errors import BadSettings


def trust() -> ssl.SSLContext:
    """The authorities of ``SSL_CERT_FILE`` or ``SSL_CERT_DIR``, or else those of the package ``certifi``.

    Raises:
        BadSettings: they cannot be read.
    """
    try:
        return httpx.create_ssl_context()
    except OSError:
        raise BadSettings("the CA bundle of SSL_CERT_FILE or SSL_CERT_DIR cannot be read: correct the path") from None
