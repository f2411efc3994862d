"""The cluster's API server, and our credentials for it.

In a pod they are those of the service account; its token is read again when the server no longer accepts it.
Elsewhere they come from the kubeconfig that ``KUBECONFIG`` names.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import yaml
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.core.exceptions import ConfigError

from zoho_tokend.core.errors import BadSettings

_ILL_SHAPED: Final = (AttributeError, KeyError, TypeError, UnicodeDecodeError)
SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def cluster(environ: Mapping[str, str], *, service_account: Path = SERVICE_ACCOUNT) -> SingleConfig:
    """Return the cluster that the environment names.

    Raises:
        BadSettings: it names none, or one that cannot be used.
    """
    kubeconfig = environ.get("KUBECONFIG")
    try:
        found = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_service_account(service_account)
        chosen = found.get()
    except (ConfigError, OSError, msgspec.MsgspecError, yaml.YAMLError, *_ILL_SHAPED):
        chosen = None
    if chosen is None or chosen.user is None:
        raise BadSettings(_unusable(kubeconfig, service_account))
    return chosen


def _unusable(kubeconfig: str | None, service_account: Path) -> str:
    if kubeconfig:
        return (
            f"LEADER_ELECTION is kubernetes, and the kubeconfig {kubeconfig} that KUBECONFIG names cannot be used: "
            "give one that kubectl accepts, with a current context"
        )
    return (
        f"LEADER_ELECTION is kubernetes, and there is no cluster: {service_account} holds no token and namespace, or "
        "KUBERNETES_SERVICE_HOST is not set; let the pod have a service account's token, or name a kubeconfig in "
        "KUBECONFIG"
    )
