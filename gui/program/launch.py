"""Start the program from the command line. If something is missing on the machine, one sentence says so.

Qt ends the process if its platform plugin or the display is missing. So both are tried before Qt uses them: on plain
X11 directly, which takes 10 ms, and otherwise with a QApplication in a separate process.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from fastcnn.errors import FastcnnError
from fastcnn.gui.program.signals import Signals

EXTRA = 'install it with `pip install "fastcnn[gui]"`'
if getattr(sys, "frozen", False):
    EXTRA += ", and build this program again"
TRIAL_TIMEOUT_S = 30
REFUSED = 77
# Prints Qt's message and ends without an abort, because systems keep a core file or a report of that.
TRIAL = f"""
import os, sys
from PyQt5.QtCore import QtFatalMsg, qInstallMessageHandler
from PyQt5.QtWidgets import QApplication
def told(kind, context, text):
    print(text, file=sys.stderr, flush=True)
    if kind == QtFatalMsg:
        os._exit({REFUSED})
qInstallMessageHandler(told)
QApplication(["fastcnn"])
os._exit(0)
"""
# Qt chooses its plugin by these variables, the strongest first. Without them it is that of the system: X11 on Linux.
SPECIAL = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM", "WAYLAND_DISPLAY")
SETTINGS = (*SPECIAL, "XDG_SESSION_TYPE", "DISPLAY")
# Debian's packages, by the beginning of the library's name.
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
        import_module("PyQt5.QtWidgets")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "PyQt5":
            raise
        raise FastcnnError(f"the window needs PyQt5; {EXTRA}") from None
    except ImportError as error:
        raise FastcnnError(missing_library(str(error))) from None
    if find_spec("pyqtgraph") is None:  # its import takes 0.4 s, so it comes after the first answer
        raise FastcnnError(f"the window needs pyqtgraph; {EXTRA}")


def _plugin() -> Path:
    from PyQt5.QtCore import QLibraryInfo

    plugins = QLibraryInfo.location(QLibraryInfo.LibraryLocation.PluginsPath)
    return Path(plugins) / "platforms" / "libqxcb.so"


def _check_x11() -> None:
    """Load the libraries of Qt's X11 plugin, and try to connect to the display."""
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


def _try_elsewhere() -> None:
    """Make a QApplication in a separate process. A frozen program cannot do so, because it has no Python to start.

    Only errors of Qt count: the other Python may lack a package that this one has.
    """
    if not sys.executable or getattr(sys, "frozen", False):
        return
    command = [sys.executable, "-P", "-c", TRIAL]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as trial:
        import_module("fastcnn.gui.program.app")  # it comes next, and takes as long as the trial
        try:
            told = trial.communicate(timeout=TRIAL_TIMEOUT_S)[1]
        except subprocess.TimeoutExpired:
            trial.kill()
            failed, told = True, "the display does not answer"
        else:
            failed = trial.returncode == REFUSED or trial.returncode < 0
    if failed:
        lines = [line.strip() for line in told.splitlines() if "plugin" in line or "display" in line]
        setting = next((f"{name}={os.environ[name]}" for name in SETTINGS if os.environ.get(name)), "no display")
        reason = (lines or ["it ends at once"])[0].split(' in "')[0]
        raise FastcnnError(f"Qt cannot open a window with {setting[:60]} ({reason[:70]}); correct or unset it")


def check() -> None:
    """FastcnnError, which says what to do, if the window cannot be shown on this machine."""
    is_linux = sys.platform.startswith("linux")
    if is_linux and not any(map(os.environ.get, ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DISPLAY"))):
        raise FastcnnError("there is no display; start the program on a desktop, or through `ssh -X`")
    _check_imports()
    if any(map(os.environ.get, SPECIAL)) or os.environ.get("XDG_SESSION_TYPE") == "wayland":
        _try_elsewhere()
    elif is_linux and _plugin().exists():
        _check_x11()


def check_application() -> None:
    """RuntimeError if a window would end the process: without a QApplication, or in another thread than its thread.

    It is FastcnnError if making a QApplication would end the process too.
    """
    from PyQt5.QtCore import QThread
    from PyQt5.QtWidgets import QApplication

    application = QApplication.instance()
    if not isinstance(application, QApplication):
        check()
        raise RuntimeError("the window needs a QApplication; make one before it: application = QApplication([])")
    if application.thread() != QThread.currentThread():
        raise RuntimeError("the window must be made in the thread of the QApplication; call create_window() there")


def run(model: str = "") -> int:
    """Show the window and return its exit status when it is closed.

    Parameters
    ----------
    model : name or path of the network to use; if empty, that of the last session, or else the default

    Raises
    ------
    FastcnnError
        If PyQt5, a system library or the display is missing, or there is no such network.
    KeyboardInterrupt
        After Ctrl-C in the terminal. Everything is saved first, as on closing.
    """
    with Signals() as signals:
        try:
            check()
        finally:
            signals.check()  # Ctrl-C may have ended the trial
        from fastcnn.gui.program.app import run as run_application

        return run_application(model, signals)
