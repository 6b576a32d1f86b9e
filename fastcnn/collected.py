"""The drawings that were corrected in the window, read without it: one file each, in the user's data folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastcnn.errors import FastcnnError
from fastcnn.strokes import Drawing, drawing_of_window

MAX_DRAWING_BYTES = 2_000_000


def drawings_folder() -> Path:
    """Where the window keeps them."""
    from platformdirs import user_data_path

    return user_data_path("fastcnn", appauthor=False) / "drawings"


def readable(folder: Path) -> Iterator[tuple[dict[str, Any], Drawing]]:
    """Each drawing of a folder in the form of its file and read, in the order of the names; damaged ones are left out.

    The one reader of a collection: the window counts, shows and learns from what comes out here.
    """
    for path in sorted(folder.glob("*.json")):
        try:
            with path.open("rb") as file:
                found = json.loads(file.read(MAX_DRAWING_BYTES))
            drawing = drawing_of_window(found)
        except (OSError, KeyError, TypeError, ValueError, RecursionError, OverflowError):
            continue
        yield found, drawing


def read_collection(folder: Path) -> list[Drawing]:
    """All drawings of a folder that can be read, in the order of the files' names.

    Raises
    ------
    FastcnnError
        If there is none.
    """
    drawings = [drawing for _, drawing in readable(folder)]
    if not drawings:
        raise FastcnnError(
            f"there are no drawings in {folder}; correct some in the window (fastcnn gui), or give --strokes FILE"
        )
    return drawings
