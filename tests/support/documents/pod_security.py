"""The Pod Security Standard "restricted", rule by rule, with the baseline that it stands on.

https://kubernetes.io/docs/concepts/security/pod-security-standards/, of which a rule here has the name.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

Part = Mapping[str, Any]
Rule = Callable[[Part], bool]

_VOLUMES: Final = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip
_SECCOMP: Final = {"RuntimeDefault", "Localhost"}
_SELINUX: Final = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}


def breaches(pod: Part) -> Sequence[str]:
    """The names of the rules that the pod's specification breaks."""
    return [name for name, keeps in RULES.items() if not keeps(pod)]


def _containers(pod: Part) -> Sequence[Part]:
    return [one for kind in ("initContainers", "containers", "ephemeralContainers") for one in pod.get(kind, [])]


def _contexts(pod: Part) -> Iterator[Part]:
    """The security context of the pod and those of its containers."""
    yield pod.get("securityContext", {})
    yield from _of_containers(pod)


def _of_containers(pod: Part) -> Iterator[Part]:
    yield from (container.get("securityContext", {}) for container in _containers(pod))


def _each_or_all(pod: Part, is_set: Callable[[Part], bool | None]) -> bool:
    """Whether it holds for every container, by its own word or else by that of the pod."""
    whole = is_set(pod.get("securityContext", {}))
    return all(whole if (own := is_set(context)) is None else own for context in _of_containers(pod))


def _seccomp(context: Part) -> bool | None:
    return context["seccompProfile"]["type"] in _SECCOMP if "seccompProfile" in context else None


def _handlers(container: Part) -> Iterator[Part]:
    yield from (container.get(probe, {}) for probe in ("livenessProbe", "readinessProbe", "startupProbe"))
    yield from container.get("lifecycle", {}).values()


def _hosts(pod: Part) -> Iterator[str]:
    for container in _containers(pod):
        for handler in _handlers(container):
            yield from (handler.get(kind, {}).get("host", "") for kind in ("httpGet", "tcpSocket"))


def _capabilities(pod: Part) -> Iterator[Part]:
    yield from (context.get("capabilities", {}) for context in _of_containers(pod))


RULES: Final[Mapping[str, Rule]] = {
    "HostProcess": lambda pod: not any(c.get("windowsOptions", {}).get("hostProcess") for c in _contexts(pod)),
    "Host Namespaces": lambda pod: not any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")),
    "Privileged Containers": lambda pod: not any(c.get("privileged") for c in _of_containers(pod)),
    "HostPath Volumes": lambda pod: not any("hostPath" in volume for volume in pod.get("volumes", [])),
    "Host Ports": lambda pod: not any(port.get("hostPort") for c in _containers(pod) for port in c.get("ports", [])),
    "Host Probes / Lifecycle Hooks": lambda pod: not any(_hosts(pod)),
    "AppArmor": lambda pod: all(c.get("appArmorProfile", {}).get("type") != "Unconfined" for c in _contexts(pod)),
    "SELinux": lambda pod: all(
        options.get("type", "") in _SELINUX and options.keys().isdisjoint({"user", "role"})
        for options in (c.get("seLinuxOptions", {}) for c in _contexts(pod))
    ),
    "/proc Mount Type": lambda pod: all(c.get("procMount", "Default") == "Default" for c in _of_containers(pod)),
    "Sysctls": lambda pod: not pod.get("securityContext", {}).get("sysctls"),  # stricter: the standard allows a few
    "Volume Types": lambda pod: all(volume.keys() - {"name"} <= _VOLUMES for volume in pod.get("volumes", [])),
    "Privilege Escalation": lambda pod: all(c.get("allowPrivilegeEscalation") is False for c in _of_containers(pod)),
    "Running as Non-root": lambda pod: _each_or_all(pod, lambda c: c.get("runAsNonRoot")),
    "Running as Non-root user": lambda pod: all(c.get("runAsUser") != 0 for c in _contexts(pod)),
    "Seccomp": lambda pod: _each_or_all(pod, _seccomp),
    "Capabilities": lambda pod: all(
        "ALL" in held.get("drop", ()) and set(held.get("add", ())) <= {"NET_BIND_SERVICE"}
        for held in _capabilities(pod)
    ),
}
