"""Whether there is a browser window to be opened on this machine."""

import pytest

from zoho_tokend.cli.terminal import has_desktop


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        pytest.param({"DISPLAY": ":0"}, "linux", True, id="X11"),
        pytest.param({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True, id="Wayland"),
        pytest.param({}, "linux", False, id="a server: a text browser would take the terminal"),
        pytest.param({"DISPLAY": ""}, "linux", False, id="an empty display is none"),
        pytest.param({}, "darwin", True, id="macOS"),
        pytest.param({"SSH_CONNECTION": "a b c d"}, "darwin", False, id="macOS from afar: its window is elsewhere"),
    ],
)
def test_a_window_can_be_opened_with(environ: dict[str, str], platform: str, expected: bool) -> None:  # noqa: FBT001
    assert has_desktop(environ, platform) is expected
