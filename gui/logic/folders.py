"""Where the program keeps what must outlive it: settings, drawings, sessions, networks, its log.

Nothing is made before something is to be written: a program that may write nowhere still recognizes.
"""

from __future__ import annotations

from pathlib import Path

from platformdirs import PlatformDirs

from fastcnn.errors import FastcnnError

_DIRS = PlatformDirs("fastcnn", appauthor=False)

_window = 1  # the number of this one among those that are open


def made(folder: Path) -> Path:
    """The folder, made if need be; FastcnnError where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FastcnnError(
            "cannot make the folder {path} ({reason}); make its parent writable", path=folder, reason=error
        ) from error
    return folder


def writable(path: Path) -> Path:
    """The path of a file that is to be written, its folder made if need be; FastcnnError where that fails."""
    made(path.parent)
    return path


def data_folder() -> Path:
    """The user's drawings and networks."""
    return Path(_DIRS.user_data_dir)


def use_window(number: int) -> None:
    """Say which of the open windows this process has: each keeps sessions of its own, from 1 on."""
    global _window
    _window = number


def session_folder() -> Path:
    """What this window has under way: its experiment and its training."""
    return data_folder() if _window == 1 else data_folder() / f"window-{_window}"


def settings_file() -> Path:
    """The settings, of all windows."""
    return Path(_DIRS.user_config_dir) / "window.json"


def log_file() -> Path:
    """Where errors are written."""
    return Path(_DIRS.user_log_dir) / "gui.log"
