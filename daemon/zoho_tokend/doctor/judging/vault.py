"""Vault itself, and our login there."""

from collections.abc import Iterator
from datetime import timedelta

from zoho_tokend.core.instants import span
from zoho_tokend.doctor.finding import Area, Finding
from zoho_tokend.vault.inspection import Health, Identity

_SHORT = timedelta(hours=1)


def unreachable(address: str, why: str) -> Finding:
    """There was no usable answer."""
    return Area.VAULT.wrong(
        address, why, fix="see that Vault runs, that VAULT_ADDR names it and VAULT_CACERT vouches for it"
    )


def reached(address: str, health: Health) -> Finding:
    """It answers; whether it can work is another matter."""
    if not health.initialised:
        return Area.VAULT.wrong(address, "is not initialised", fix="initialise it: vault operator init")
    if health.sealed:
        return Area.VAULT.wrong(address, "is sealed", fix="unseal it: vault operator unseal")
    kind = "a standby that forwards" if health.standby else "active"
    return Area.VAULT.ok(address, f"answers, unsealed, {kind}, version {health.version}")


def refused(method: str, why: str) -> Finding:
    """There is no login."""
    return Area.VAULT.wrong("login", why, fix=f"correct what VAULT_AUTH={method} logs in with")


def logged_in(method: str, identity: Identity | None) -> Iterator[Finding]:
    """Who we are at Vault, and for how long."""
    if identity is None:
        yield Area.VAULT.warning(
            "login",
            "works, but the policy denies auth/token/lookup-self, so nobody knows when the token ends",
            fix="load what `zoho-tokend policy daemon` prints",
        )
        return
    names = ", ".join(identity.policies)
    if "root" in identity.policies:
        yield Area.VAULT.warning(
            "login",
            "the token is a root token: who steals it has all of Vault",
            fix="zoho-tokend policy daemon | vault policy write zoho-tokend -, and give the daemon a token with it",
        )
    elif not identity.renewable and method == "token" and identity.lasts is not None:
        yield _ends(identity.lasts)
    else:
        life = "without an end" if identity.lasts is None else f"{span(identity.lasts)} left"
        yield Area.VAULT.ok("login", f"VAULT_AUTH={method} works; policies {names}; {life}")


def _ends(left: timedelta) -> Finding:
    """A token from the settings that nobody can renew or replace."""
    finding, fix = (
        f"the token ends in {span(left)} and cannot be renewed",
        "use a periodic token, or another VAULT_AUTH",
    )
    short = left < _SHORT
    return Area.VAULT.wrong("login", finding, fix=fix) if short else Area.VAULT.warning("login", finding, fix=fix)
