"""The folders and files that the program keeps: settings, drawings, sessions, networks, and its log.

A folder is made only when a file is written. So a program that cannot write anywhere can still recognize.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from platformdirs import PlatformDirs

from fastcnn.errors import FastcnnError

_DIRS = PlatformDirs("fastcnn", appauthor=False)

EPOCHS_SUFFIX = ".epochs"  # of a file with the weights after each epoch of a training

_window = 1  # the number of this window among the open ones


def made(folder: Path) -> Path:
    """The folder, which is made if it is missing; FastcnnError if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FastcnnError(
            "cannot make the folder {path} ({reason}); make its parent writable", path=folder, reason=error
        ) from error
    return folder


def writable(path: Path) -> Path:
    """The path of a file to write. Its folder is made if it is missing; FastcnnError if that fails."""
    made(path.parent)
    return path


def data_folder() -> Path:
    """The folder of the user's drawings and networks."""
    return Path(_DIRS.user_data_dir)


def use_window(number: int) -> None:
    """Set the number of this process's window, from 1 on. Each window has its own sessions."""
    global _window
    _window = number


def session_folder() -> Path:
    """The folder of this window's experiment and training."""
    return data_folder() if _window == 1 else data_folder() / f"window-{_window}"


def other_sessions() -> list[int]:
    """The numbers of the other windows that have left a folder of sessions."""
    found = [path.name.removeprefix("window-") for path in data_folder().glob("window-*") if path.is_dir()]
    return sorted(int(number) for number in found if number.isdecimal() and int(number) != _window)


def adopt(number: int) -> None:
    """Take over what a window that is not open any more has left: its training, if this one has none; experiments.

    Hold that window's lock meanwhile. What cannot be moved stays where it is.
    """
    theirs, ours = data_folder() / f"window-{number}", session_folder()
    for path in sorted(theirs.rglob("*"), key=lambda path: path.name):
        if path.suffix == EPOCHS_SUFFIX:  # it goes with its checkpoint
            continue
        target = ours / path.relative_to(theirs)
        while path.suffix == ".json" and target.exists():  # experiments are numbered
            target = target.with_name(f"{int(target.stem) + 1:04}.json" if target.stem.isdecimal() else "0001.json")
        if path.is_file() and not target.exists():
            with contextlib.suppress(OSError, FastcnnError):
                path.rename(writable(target))
                move_epochs(path, target)


def epochs_path(path: Path) -> Path:
    """The file of the kept epochs of a network or a checkpoint, next to it."""
    return path.with_suffix(EPOCHS_SUFFIX)


def move_epochs(path: Path, target: Path) -> None:
    """A network or checkpoint has moved from `path` to `target`: its kept epochs follow, those there are deleted."""
    epochs_path(target).unlink(missing_ok=True)
    if epochs_path(path).is_file():
        epochs_path(path).replace(epochs_path(target))


def settings_file() -> Path:
    """The file of the settings, for all windows."""
    return Path(_DIRS.user_config_dir) / "window.json"


def log_file() -> Path:
    """The file of the log, where errors are written."""
    return Path(_DIRS.user_log_dir) / "gui.log"
