"""The image, built once, and its files."""

from collections.abc import Iterator

import pytest

from tests.image.buildah import Buildah, Image
from tests.image.builder import CACHE, Builder
from tests.image.container import Container


@pytest.fixture(scope="session")
def buildah() -> Buildah:
    return Buildah(CACHE)


@pytest.fixture(scope="session")
def builder(buildah: Buildah, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    builder = Builder(buildah, tmp_path_factory.mktemp("secrets"))
    yield builder
    builder.tidy()


@pytest.fixture(scope="session")
def image(builder: Builder) -> Image:
    return builder.build("first")


@pytest.fixture(scope="session")
def container(buildah: Buildah, image: Image) -> Iterator[Container]:
    with buildah.filesystem(image.name) as root:
        yield Container(image, root)
