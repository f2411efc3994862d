"""Debian's buildah, with a store of our own and no privileges that a container would not have."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LONGEST = 600.0


@dataclass(frozen=True)
class Image:
    """What an image says of itself (https://github.com/opencontainers/image-spec/blob/main/config.md)."""

    name: str
    identity: str
    layers: Sequence[str]
    config: Mapping[str, object]

    def words(self, name: str) -> Sequence[str]:
        """A list of the configuration, such as its Entrypoint."""
        words = self.config[name]
        assert isinstance(words, list), self.config
        return [str(word) for word in words]

    @property
    def environment(self) -> Mapping[str, str]:
        return dict(line.split("=", 1) for line in self.words("Env"))

    @property
    def labels(self) -> Mapping[str, str]:
        labels = self.config["Labels"]
        assert isinstance(labels, dict), self.config
        return {str(name): str(value) for name, value in labels.items()}


class Buildah:
    """Images in a folder of this project's own: nothing of the machine's is touched."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        configuration = folder / "storage.conf"
        places = f'graphroot = "{folder / "storage"}"\nrunroot = "{folder / "run"}"\n'
        configuration.write_text(f'[storage]\ndriver = "vfs"\n{places}')
        # What it is told here, it is told by deploy/build-image too.
        self.environment = {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": str(configuration),
            "BUILDAH_ISOLATION": "chroot",
        }

    def __call__(self, *arguments: str) -> str:
        """What `buildah` with these arguments prints; it must succeed."""
        return self.run("buildah", *arguments)

    def run(self, *command: str, **environment: str) -> str:
        """What a command that drives buildah prints; it must succeed."""
        done = subprocess.run(
            command,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout.strip()

    def has(self, image: str) -> bool:
        return bool(self("images", "--quiet", "--filter", f"reference={image}"))

    def image(self, name: str) -> Image:
        told = json.loads(self("inspect", "--type", "image", name))
        return Image(
            name=name,
            identity=told["FromImageID"],
            layers=told["OCIv1"]["rootfs"]["diff_ids"],
            config=told["Docker"]["config"],
        )

    @contextmanager
    def filesystem(self, image: str) -> Iterator[Path]:
        """The files of the image, until the block ends."""
        container = self("from", "--pull-never", image)
        try:
            yield Path(self("mount", container))
        finally:
            self("umount", container)
            self("rm", container)
