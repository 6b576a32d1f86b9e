"""Files of drawings: stroke files, exports of the window and the window's collection."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.errors import FastcnnError, Sentence
from fastcnn.handwriting.drawings import FIELD_PX, WINDOW_PX, Drawing, Pen, Points

WINDOW_FORMAT = "fastcnn drawings 1"  # the format of exports

MAX_FILE_BYTES = 200_000_000

MAX_POINTS = 100_000  # of one drawing


def read_drawings(path: str | Path) -> list[Drawing]:
    """Read an export of the window, or a stroke file: a JSON list of {label, writer, strokes}, plain or gzip.

    A stroke is a list of [x, y]. A writer may be missing.

    Raises
    ------
    FastcnnError
        If the file cannot be read or holds something else.
    """
    content = _read(Path(path))
    try:
        found = json.loads(content)
        if isinstance(found, dict) and found["format"] == WINDOW_FORMAT:
            if not found["drawings"]:
                raise ValueError("there is no drawing in it")
            return [drawing_of_window(each) for each in found["drawings"]]
        if not isinstance(found, list) or not found:
            raise ValueError("it is no list of drawings")
        return [_drawing(each) for each in found]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FastcnnError(
            "{path} is no stroke file, a list of {{label, writer, strokes}} or the window's export: {detail}",
            path=path,
            detail=reason,
        ) from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            is_compressed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if is_compressed else path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = error if getattr(error, "strerror", None) else Sentence("it is damaged")
        raise FastcnnError(
            "cannot read {path}: {reason}; give the path of a stroke file", path=path, reason=reason
        ) from None
    if len(content) > MAX_FILE_BYTES:
        raise FastcnnError(
            "{path} holds more than {size} MB; give a smaller stroke file", path=path, size=MAX_FILE_BYTES // 1_000_000
        )
    return content


def drawing_of_window(found: dict[str, Any]) -> Drawing:
    """A drawing from the form in which the window keeps it. One without strokes is a picture that was opened.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is something else.
    """
    label, kept = _label(found["label"]), found["strokes"]
    pens = tuple(Pen(float(stroke["width"]), bool(stroke["erases"])) for stroke in kept)
    if not all(0 < pen.width_px <= WINDOW_PX for pen in pens):
        raise ValueError(f"a pen must be up to {WINDOW_PX} pixels wide")
    pixels = np.frombuffer(base64.b64decode(found["field"], validate=True), np.uint8)
    if pixels.size != FIELD_PX**2 or not pixels.any():
        raise ValueError(f"its field must be {FIELD_PX} x {FIELD_PX} pixels with ink")
    lines = _lines([stroke["points"] for stroke in kept]) if kept else ()
    return Drawing(label, "", lines, pens, pixels.reshape(FIELD_PX, FIELD_PX))


def _drawing(found: dict[str, object]) -> Drawing:
    label, strokes = _label(found["label"]), found["strokes"]
    if not isinstance(strokes, list):
        raise ValueError("strokes must be a list")
    lines = _lines([stroke for stroke in strokes if len(stroke)])
    return Drawing(label, str(found.get("writer", "")), lines)


def _label(label: object) -> int:
    if isinstance(label, bool) or not isinstance(label, int) or not 0 <= label <= 9:
        raise ValueError(f"label {label!r} is no digit")
    return label


def _lines(strokes: list[Any]) -> tuple[Points, ...]:
    lines = tuple(np.array(stroke, np.float64).reshape(-1, 2) for stroke in strokes)
    if (
        not lines
        or sum(map(len, lines)) > MAX_POINTS
        or not all(len(line) and np.isfinite(line).all() for line in lines)
    ):
        raise ValueError(f"a drawing needs 1 to {MAX_POINTS:,} points, all finite")
    return lines


MAX_DRAWING_BYTES = 2_000_000


def drawings_folder() -> Path:
    """The folder where the window keeps drawings."""
    from platformdirs import user_data_path

    return user_data_path("fastcnn", appauthor=False) / "drawings"


def readable(folder: Path) -> Iterator[tuple[Path, dict[str, Any], Drawing]]:
    """The file of each drawing of a folder, its content, and the `Drawing`, in the order of the names.

    Damaged files are left out. This is the only reader of a collection: the window counts, shows and learns from these
    drawings.
    """
    for path in sorted(folder.glob("*.json")):
        try:
            with path.open("rb") as file:
                found = json.loads(file.read(MAX_DRAWING_BYTES))
            drawing = drawing_of_window(found)
        except (OSError, KeyError, TypeError, ValueError, RecursionError, OverflowError):
            continue
        yield path, found, drawing


def read_collection(folder: Path) -> list[Drawing]:
    """All drawings of a folder that can be read, in the order of the files' names.

    Raises
    ------
    FastcnnError
        If there is none.
    """
    drawings = [drawing for _, _, drawing in readable(folder)]
    if not drawings:
        raise FastcnnError(
            "there are no drawings in {path}; correct some in the window (fastcnn gui), or give --strokes FILE",
            path=folder,
        )
    return drawings
