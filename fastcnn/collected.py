"""The drawings that were corrected in the window, read without it: one file each, in the user's data folder."""

from __future__ import annotations

import json
from pathlib import Path

from fastcnn.errors import FastcnnError
from fastcnn.strokes import Drawing, drawing_of_window

MAX_DRAWING_BYTES = 2_000_000


def drawings_folder() -> Path:
    """Where the window keeps them."""
    from platformdirs import user_data_path

    return user_data_path("fastcnn", appauthor=False) / "drawings"


def read_collection(folder: Path) -> list[Drawing]:
    """All drawings of a folder in the order of the files' names; damaged ones, and opened pictures, are passed over.

    Raises
    ------
    FastcnnError
        If there is none.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            with path.open("rb") as file:
                drawing = drawing_of_window(json.loads(file.read(MAX_DRAWING_BYTES)))
        except (OSError, KeyError, TypeError, ValueError, RecursionError, OverflowError):
            continue
        if drawing is not None:
            found.append(drawing)
    if not found:
        raise FastcnnError(
            f"there are no drawings in {folder}; correct some in the window (fastcnn gui), or give --strokes FILE"
        )
    return found
