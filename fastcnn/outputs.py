"""Where the commands' results go: whether a file can be written is asked before the work, not after it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from fastcnn.errors import FastcnnError


def _is_special(path: Path) -> bool:
    """A device or a pipe, which must not be replaced; /dev/stdout also where it leads to a file."""
    return path.exists() and (not path.is_file() or path.parts[:2] == ("/", "dev"))


def check_writable(path: Path, option: str, *, special: bool = True) -> None:
    """Raise unless a file can be written there; asked before hours of work, not after. special: or a device, a pipe."""
    folder = path.parent
    if not folder.is_dir():
        raise FastcnnError(f"{option} {path}: the folder {folder} does not exist; create it or choose another")
    if path.is_dir():
        raise FastcnnError(f"{option} {path} is a folder; give the name of a file")
    if _is_special(path):
        if not special:
            raise FastcnnError(f"{option} {path} is a device or a pipe; give the name of a file")
        return
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(0, "Permission denied")
    except OSError as error:
        raise FastcnnError(f"{option} {path} cannot be written: {error.strerror}; choose another place") from None


def write_json(path: str | None, content: object) -> None:
    """Write to a file, or through a device or pipe such as /dev/stdout; nothing where path is None."""
    if path is None:
        return
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    if _is_special(Path(path)):
        with open(path, "a") as file:
            file.write(text)
        return
    from fastcnn.files import atomic_write

    atomic_write(path, text.encode())
