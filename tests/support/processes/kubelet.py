"""What a kubelet makes of a rendered pod, in a folder of ours: the container's environment, and the files in it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.documents.manifests import NAME, Object, Rendered

Content = Mapping[str, str]


@dataclass(frozen=True)
class Kubelet:
    """It starts the pod with this number; a path in a variable's value leads into the folder instead.

    Attributes:
        cluster: the Secrets and ConfigMaps that are there beside the rendered ones, each by kind and name.
        token: signs a token of the pod's service account for this audience; None for Kubernetes' own.
    """

    rendered: Rendered
    folder: Path
    cluster: Mapping[tuple[str, str], Content] = field(default_factory=dict)
    number: int = 0
    token: Callable[[str | None], str] = "invented for {}".format

    def environment(self) -> Mapping[str, str]:
        """The variables of the container, whose files are laid out; a later one of the same name wins."""
        self._lay_out()
        return {name: self._inside(value) for name, value in self._variables()}

    def _variables(self) -> Iterator[tuple[str, str]]:
        for source in self.rendered.container.get("envFrom", []):
            content = self._content("ConfigMap", source["configMapRef"]["name"])
            yield from ((source.get("prefix", "") + key, value) for key, value in content.items())
        for variable in self.rendered.container.get("env", []):
            match variable:
                case {"name": name, "value": value}:
                    yield name, value
                case {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}:
                    yield name, self._fields()[path]
                case _:
                    raise AssertionError(f"a variable of a kind that this kubelet does not know: {variable}")

    def _fields(self) -> Content:
        """What the pod may learn of itself: https://kubernetes.io/docs/concepts/workloads/pods/downward-api/."""
        namespaced = self.rendered.workload["metadata"].get("namespace", "default")
        numbered = {"metadata.labels['apps.kubernetes.io/pod-index']": str(self.number)}
        return {
            "metadata.namespace": namespaced,
            "metadata.name": f"{NAME}-{self.number}",
            **(numbered if self.rendered.workload["kind"] == "StatefulSet" else {}),
        }

    def _content(self, kind: str, name: str) -> Content:
        """A ConfigMap or Secret of the same namespace; there must be one."""
        here = {thing["metadata"]["name"]: thing["data"] for thing in self.rendered.of(kind)}
        found: Content = here[name] if name in here else self.cluster[kind, name]
        return found

    # --- files

    def _inside(self, value: str) -> str:
        return f"{self.folder}{value}" if value.startswith("/") else value

    def _lay_out(self) -> None:
        volumes = {volume["name"]: volume for volume in self.rendered.pod.get("volumes", [])}
        for mount in self.rendered.container.get("volumeMounts", []):
            for path, text in self._files(volumes[mount["name"]]):
                file = self.folder / f"{mount['mountPath']}/{path}".lstrip("/")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)

    def _files(self, volume: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        sources: list[Object] = volume["projected"]["sources"] if "projected" in volume else [volume]
        for source in sources:
            match source:
                case {"serviceAccountToken": token}:
                    yield token["path"], self.token(token.get("audience"))
                case {"downwardAPI": {"items": items}}:
                    yield from ((item["path"], self._fields()[item["fieldRef"]["fieldPath"]]) for item in items)
                case {"configMap": {"name": name, "items": items}}:
                    yield from self._items("ConfigMap", name, items)
                case {"secret": {"secretName": name, "items": items}}:
                    yield from self._items("Secret", name, items)
                case _:
                    raise AssertionError(f"a volume of a kind that this kubelet does not know: {source}")

    def _items(self, kind: str, name: str, items: list[Object]) -> Iterator[tuple[str, str]]:
        content = self._content(kind, name)
        yield from ((item["path"], content[item["key"]]) for item in items)
