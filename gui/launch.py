"""Start the program from the command line; what is missing on the machine becomes one sentence.

Qt ends the process where its platform plugin or the display is missing, so both are tried before Qt has them.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from pathlib import Path

from fastcnn.errors import FastcnnError

EXTRA = 'install it with `pip install "fastcnn[gui]"`'
if getattr(sys, "frozen", False):
    EXTRA += ", and build this program again"
# Debian's packages by the beginning of the library's name.
PACKAGES = {
    "libGL": "libgl1",
    "libEGL": "libegl1",
    "libglib": "libglib2.0-0",
    "libgthread": "libglib2.0-0",
    "libfontconfig": "libfontconfig1",
    "libfreetype": "libfreetype6",
    "libX11-xcb": "libx11-xcb1",
    "libX11": "libx11-6",
    "libXext": "libxext6",
    "libdbus": "libdbus-1-3",
    "libxcb-icccm": "libxcb-icccm4",
    "libxcb-image": "libxcb-image0",
    "libxcb-keysyms": "libxcb-keysyms1",
    "libxcb-randr": "libxcb-randr0",
    "libxcb-render-util": "libxcb-render-util0",
    "libxcb-shape": "libxcb-shape0",
    "libxcb-xinerama": "libxcb-xinerama0",
    "libxcb-xkb": "libxcb-xkb1",
    "libxkbcommon-x11": "libxkbcommon-x11-0",
    "libxkbcommon": "libxkbcommon0",
}


def missing_library(text: str) -> str:
    """The sentence for a loader's error such as "libGL.so.1: cannot open shared object file"."""
    library = text.split(":", 1)[0].strip()
    fitting = [name for name in PACKAGES if library.startswith(name)]
    if fitting:
        package = PACKAGES[max(fitting, key=len)]
        return f"the window needs the system library {library}; on Debian or Ubuntu run `apt install {package}`"
    return f"the window cannot load Qt ({text}); install the system library that it names"


def _check_imports() -> None:
    try:
        import PyQt5.QtWidgets
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "PyQt5":
            raise
        raise FastcnnError(f"the window needs PyQt5; {EXTRA}") from None
    except ImportError as error:
        raise FastcnnError(missing_library(str(error))) from None
    try:
        import pyqtgraph  # noqa: F401
    except ModuleNotFoundError:
        raise FastcnnError(f"the window needs pyqtgraph; {EXTRA}") from None
    del PyQt5


def _plugin() -> Path:
    from PyQt5.QtCore import QLibraryInfo

    plugins = QLibraryInfo.location(QLibraryInfo.LibraryLocation.PluginsPath)
    return Path(plugins) / "platforms" / "libqxcb.so"


def _check_x11() -> None:
    """Load what Qt's X11 plugin needs, and knock at the display."""
    try:
        ctypes.CDLL(str(_plugin()))
    except OSError as error:
        raise FastcnnError(missing_library(str(error))) from None
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    display = x11.XOpenDisplay(None)
    if not display:
        name = os.environ["DISPLAY"]
        raise FastcnnError(f"the display {name} cannot be opened; start the program on a desktop, or use `ssh -X`")
    x11.XCloseDisplay(ctypes.c_void_p(display))


def check() -> None:
    """Raise FastcnnError, with what to do about it, where the window cannot be shown on this machine."""
    if sys.platform.startswith("linux") and not os.environ.get("QT_QPA_PLATFORM"):
        wayland = os.environ.get("WAYLAND_DISPLAY")
        if not (wayland or os.environ.get("DISPLAY")):
            raise FastcnnError("there is no display; start the program on a desktop, or through `ssh -X`")
        _check_imports()
        if not wayland and _plugin().exists():
            _check_x11()
        return
    _check_imports()


def run(model: str = "") -> int:
    """Show the window and return its exit status when it is closed.

    Parameters
    ----------
    model : name or path of the network to use; that of the last session, else the default, if empty

    Raises
    ------
    FastcnnError
        If PyQt5, a system library or the display is missing, or there is no such network.
    """
    check()
    from fastcnn.gui.app import run as run_application

    return run_application(model)
