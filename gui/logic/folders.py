"""Where the program keeps what must outlive it: settings, drawings, sessions, networks, its log."""

from __future__ import annotations

from pathlib import Path

from platformdirs import PlatformDirs

from fastcnn.errors import FastcnnError

_DIRS = PlatformDirs("fastcnn", appauthor=False)


def made(path: Path) -> Path:
    """The folder, made if need be; FastcnnError where that fails."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FastcnnError(f"cannot make the folder {path} ({error.strerror}); make its parent writable") from error
    return path


def data_folder() -> Path:
    """The user's data: drawings, sessions, networks; made if need be."""
    return made(Path(_DIRS.user_data_dir))


def settings_file() -> Path:
    """The settings' file; its folder is made if need be."""
    return made(Path(_DIRS.user_config_dir)) / "window.json"


def log_file() -> Path:
    """Where errors are written; its folder is made if need be."""
    return made(Path(_DIRS.user_log_dir)) / "gui.log"
