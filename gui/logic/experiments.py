"""The experiments that were begun, each in a file of its own, so that a new one takes nothing from an old one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from fastcnn.gui.logic.experiment import Session
from fastcnn.gui.logic.folders import made, session_folder, writable
from fastcnn.storage import atomic_write

MAX_FILE_BYTES = 10_000_000
MOST_SHOWN = 30


def folder() -> Path:
    """The folder of this window's experiments."""
    return session_folder() / "experiments"


def new_file(known: Iterable[Path] = ()) -> Path:
    """The file of the next experiment: its number is above those of all others, also of those to be written yet."""
    numbers = [int(path.stem) for path in (*folder().glob("*.json"), *known) if path.stem.isdecimal()]
    return folder() / f"{max(numbers, default=0) + 1:04}.json"


def write(path: Path, session: Session) -> None:
    """Write an experiment atomically. This is slow: call it in a job."""
    atomic_write(writable(path), session.to_json())


def kept() -> Iterator[tuple[Path, Session]]:
    """The newest experiments that can be read, the oldest first. The last one is that which was changed last."""
    single = session_folder() / "experiment.json"  # of earlier versions, which kept only one
    if single.exists():
        with suppress(OSError):
            made(folder())
            single.rename(new_file())
    for path in sorted(folder().glob("*.json"), key=_changed)[-MOST_SHOWN:]:
        with suppress(OSError, ValueError), path.open("rb") as file:
            yield path, Session.from_json(file.read(MAX_FILE_BYTES))


def _changed(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, path.name
    except OSError:
        return 0, path.name
