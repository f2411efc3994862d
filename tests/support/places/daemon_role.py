"""An AppRole for a daemon that is a process of its own."""

from tests.support.servers.vault_sessions import Role


class DaemonRole(Role):
    """The role, the settings to log in with it, and whether anybody is logged in."""

    @property
    def settings(self) -> dict[str, str]:
        method = self.method()
        assert method.secret_id is not None
        return {
            "VAULT_AUTH": method.name,
            "VAULT_AUTH_MOUNT": method.mount,
            "VAULT_ROLE_ID": method.role_id().reveal(),
            "VAULT_SECRET_ID": method.secret_id().reveal(),
        }

    @property
    def login_path(self) -> str:
        return f"auth/{self.mount}/login"

    def has_logins(self) -> bool:
        """Whether a token of one of its logins lives."""
        return self.corner.admin.succeeds("LIST", f"sys/leases/lookup/{self.login_path}", {})
