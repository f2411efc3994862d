"""Building the image as `make image` does."""

from pathlib import Path
from typing import Final

from tests.image.buildah import Buildah, Image
from tests.image.site_secrets import site_secrets
from tests.image.stand_in import stand_in

ROOT: Final = Path(__file__).parent.parent.parent
# Slow things are kept here between runs; all of it can be deleted at any time.
CACHE: Final = ROOT / "build" / "image"
SECRETS_CANARY: Final = "canary-of-the-build-secrets"
_NAME: Final = "localhost/zoho-tokend"
_EPOCH: Final = "1767225600"


class Builder:
    """Builds the image as `make image` does, upon the stand-in of its base."""

    def __init__(self, buildah: Buildah, folder: Path) -> None:
        self._buildah = buildah
        self._base = stand_in(buildah, CACHE)
        self._secrets = site_secrets(folder, canary=SECRETS_CANARY)

    def tidy(self) -> None:
        """What was built, and what a run that was broken off left behind, is gone; the stand-in stays."""
        self._buildah("rm", "--all")
        for image in set(self._buildah("images", "--quiet", "--filter", f"reference={_NAME}").split()):
            self._buildah("rmi", "--force", image)
        self._buildah("rmi", "--prune", "--force")

    def build(self, tag: str) -> Image:
        """A build that takes nothing over from an earlier one."""
        given = ["--pull-never", "--no-cache", "--build-arg", f"BASE={self._base}", *self._secrets]
        wishes = {"ENGINE": "buildah", "TAG": f"{_NAME}:{tag}", "SOURCE_DATE_EPOCH": _EPOCH}
        self._buildah.run(str(ROOT / "deploy" / "build-image"), *given, **wishes)
        return self._buildah.image(wishes["TAG"])
