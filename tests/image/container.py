"""A container without an engine: the image's files as a read-only root, its user, its environment, its entry point.

Only the network is the machine's own. What a hardened engine adds is left out on purpose: no /tmp that can be written.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.image.buildah import Image
from tests.support.processes.process import Launcher

# A mount namespace of its own; then the very process that was started becomes the image's.
_SCRIPT: Final = """
path=$PATH; PATH=/usr/sbin:/usr/bin:/sbin:/bin
root=$1; user=$2; shift 2
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
enter="$(command -v setpriv) --no-new-privs $(command -v chroot) --userspec=$user --groups= $root"
PATH=$path; exec $enter "$@"
"""


@dataclass(frozen=True)
class Container:
    """How to start the image."""

    image: Image
    root: Path

    @property
    def launcher(self) -> Launcher:
        """Starts its entry point with arguments of ours."""
        return self.running(*self.image.words("Entrypoint"))

    def running(self, *words: str) -> Launcher:
        """Starts these words in it, in place of its entry point."""
        user = str(self.image.config["User"])
        unshare = [shutil.which("unshare") or "unshare", "--mount", "--propagation", "private", "--"]
        command: Sequence[str] = [*unshare, "/bin/sh", "-euc", _SCRIPT, "sh", str(self.root), user, *words]
        environment: Mapping[str, str] = self.image.environment
        return Launcher(command, environment)
