"""The manifests of `deploy/`, rendered by the real kubectl: as they stand, and with more components on top."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

Object = Mapping[str, Any]

DEPLOY: Final = Path(__file__).parents[3] / "deploy"
OVERLAYS: Final = sorted(folder.name for folder in (DEPLOY / "overlays").iterdir())
COMPONENTS: Final = sorted(file.parent.name for file in (DEPLOY / "components").glob("*/kustomization.yaml"))
NAME: Final = "zoho-tokend"
_WORKLOADS: Final = ("Deployment", "StatefulSet")
_STANDS_ON: Final = {"sharded": "leader-election"}
_ONE_MONITOR_IS_ENOUGH: Final = "servicemonitor"
_BARE: Final = "overlays/dev"
_KUBECTL: Final = Path(sys.executable).with_name("kubectl")


@dataclass(frozen=True)
class Rendered:
    """What would be applied."""

    objects: Sequence[Object]

    def of(self, kind: str) -> Sequence[Object]:
        """All objects of this kind."""
        return [thing for thing in self.objects if thing["kind"] == kind]

    def the(self, kind: str) -> Object:
        """The only object of this kind."""
        (thing,) = self.of(kind)
        return thing

    @property
    def workload(self) -> Object:
        """What makes the pods."""
        (thing,) = (thing for thing in self.objects if thing["kind"] in _WORKLOADS)
        return thing

    @property
    def template(self) -> Object:
        """The pods that it makes."""
        template: Object = self.workload["spec"]["template"]
        return template

    @property
    def pod(self) -> Object:
        """Their specification."""
        pod: Object = self.template["spec"]
        return pod

    @property
    def container(self) -> Object:
        """Their only container."""
        (container,) = self.pod["containers"]
        thing: Object = container
        return thing

    @property
    def settings(self) -> Mapping[str, str]:
        """What the container is told, by the names of the README; what a pod is told of itself is left out."""
        (source,) = self.container["envFrom"]
        name = source["configMapRef"]["name"]
        (common,) = (thing["data"] for thing in self.of("ConfigMap") if thing["metadata"]["name"] == name)
        own = {each["name"]: each["value"] for each in self.container.get("env", []) if "value" in each}
        return {**common, **{key.removeprefix(source["prefix"]): value for key, value in own.items()}}


@dataclass(frozen=True)
class Composition:
    """A folder of `deploy/`, and components that somebody lists on top of it."""

    folder: str
    components: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " + ".join((self.folder, *self.components))

    def rendered(self) -> Rendered:
        """As kubectl renders it."""
        return _rendered(self)


def nested(thing: Any) -> Iterator[Any]:
    """The thing and all that is in it."""
    yield thing
    inner = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, list) else ()
    for part in inner:
        yield from nested(part)


def parts(thing: Any, name: str) -> Iterator[Any]:
    """Whatever goes by this name, at any depth."""
    yield from (part[name] for part in nested(thing) if isinstance(part, dict) and name in part)


def kustomized(folder: Path) -> Rendered:
    """What kubectl makes of the kustomization in this folder."""
    done = subprocess.run(
        [_KUBECTL, "kustomize", folder], capture_output=True, text=True, check=False, timeout=120, env={}
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return Rendered([thing for thing in yaml.safe_load_all(done.stdout) if thing])


def _compositions() -> Iterator[Composition]:
    """All that is shipped: each overlay as it stands and with all that it lacks, and each component by itself."""
    for overlay in OVERLAYS:
        folder = f"overlays/{overlay}"
        lacking = [component for component in COMPONENTS if component not in _components_of(folder)]
        yield Composition(folder)
        yield Composition(folder, tuple(component for component in lacking if component != _ONE_MONITOR_IS_ENOUGH))
    for component in COMPONENTS:
        ground = (_STANDS_ON[component],) if component in _STANDS_ON else ()
        yield Composition(_BARE, (*ground, component))


def _components_of(folder: str) -> Sequence[str]:
    """The components that the kustomization itself lists."""
    listed = yaml.safe_load((DEPLOY / folder / "kustomization.yaml").read_text()).get("components", [])
    return [Path(path).name for path in listed]


@cache
def _rendered(composition: Composition) -> Rendered:
    with tempfile.TemporaryDirectory() as folder:
        deploy = Path(os.path.relpath(DEPLOY, Path(folder).resolve()))
        written = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": NAME,
            "resources": [f"{deploy / composition.folder}"],
            "components": [f"{deploy / 'components' / component}" for component in composition.components],
        }
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(written))
        return kustomized(Path(folder))


COMPOSITIONS: Final = tuple(_compositions())
