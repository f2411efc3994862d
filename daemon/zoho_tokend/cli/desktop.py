"""Whether a page can be opened in a window here. Without one, Python would start a text browser in the terminal."""

from collections.abc import Mapping


def has_desktop(environ: Mapping[str, str], platform: str) -> bool:
    """Whether there is a desktop in front of the person.

    Args:
        platform: as ``sys.platform`` says it.
    """
    if platform == "darwin":
        return "SSH_CONNECTION" not in environ
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
