"""What was rendered, brought to life: each of its pods is a process of ours, between a real Vault and loopback."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.documents.manifests import NAME, Rendered
from tests.support.places.site import Site
from tests.support.processes.kubelet import Content, Kubelet
from tests.support.processes.process import Daemon, Finished, call, running
from tests.support.servers.cluster import Cluster as LeaseServer
from tests.support.servers.token_review import Cluster as Accounts

_API: Final = "var/run/secrets/kubernetes.io/serviceaccount"


@dataclass(frozen=True)
class Deployed:
    """The deployment.

    Attributes:
        accounts: makes the tokens that are projected into the pods.
        leases: where the pods hold their election, if they do.
        secrets: those of the namespace, by name.
    """

    rendered: Rendered
    site: Site
    accounts: Accounts
    leases: LeaseServer
    secrets: Mapping[str, Content] = field(default_factory=dict)

    @contextmanager
    def pod(self, number: int = 0) -> Iterator[Daemon]:
        """The daemon of the pod of this number."""
        folder = self._folder()
        with running(self._environment(folder, number), folder) as daemon:
            yield daemon

    def executes(self, *command: str) -> Finished:
        """A command of ours in a pod, as by `kubectl exec`."""
        return call(*command, environment=self._environment(self._folder(), 0))

    def _folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.site.folder))

    def _environment(self, folder: Path, number: int) -> Mapping[str, str]:
        """As the kubelet makes it, but for the addresses: they lead to what is on loopback here."""
        cluster: dict[tuple[str, str], Content] = {
            ("ConfigMap", "kube-root-ca.crt"): {"ca.crt": self.accounts.authority},
            **{("Secret", name): content for name, content in self.secrets.items()},
        }
        variables = dict(Kubelet(self.rendered, folder, cluster, number, self.accounts.token).environment())
        given = {
            "VAULT_ADDR": self.site.corner.address,
            "LISTEN": "127.0.0.1:0",
            "ALLOWED_ACCOUNTS_SERVERS": self.site.zoho.eu.accounts_server,
        }
        variables |= {f"ZOHO_TOKEND_{name}": value for name, value in given.items()}
        if (folder / _API).exists():
            variables["KUBECONFIG"] = self._kubeconfig(folder)
        return variables

    def _kubeconfig(self, folder: Path) -> str:
        """What the client finds in a pod by itself, made of the same files; none but such tokens are known there."""
        token, namespace = ((folder / _API / name).read_text() for name in ("token", "namespace"))
        self.leases.tokens |= {token}
        self.leases.namespaces |= {namespace}
        context = {"cluster": NAME, "user": NAME, "namespace": namespace}
        config = {
            "current-context": NAME,
            "clusters": [{"name": NAME, "cluster": {"server": self.leases.address}}],
            "users": [{"name": NAME, "user": {"token": token}}],
            "contexts": [{"name": NAME, "context": context}],
        }
        (folder / "kubeconfig").write_text(json.dumps(config))
        return str(folder / "kubeconfig")

    def beyond_the_role(self) -> set[str]:
        """What the pods have asked of leases so far, and the role does not grant; a rule with names grants no creation.

        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
        """
        rules = [rule for role in self.rendered.of("Role") for rule in role["rules"]]
        return {
            f"{call.verb} {call.name}"
            for call in self.leases.calls
            if not any(
                call.verb in rule["verbs"] and call.name in rule.get("resourceNames", [call.name]) for rule in rules
            )
        }
