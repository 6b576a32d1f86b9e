"""The user's corrected drawings. Each is a file that is written atomically, so a kill never damages earlier ones.

Every fourth drawing is never used for learning. These drawings show whether learning has helped.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcnn.errors import FastcnnError
from fastcnn.gui.logic.drawing import Stroke
from fastcnn.gui.logic.folders import made
from fastcnn.handwriting.drawings import FIELD_PX, Drawing
from fastcnn.handwriting.stroke_files import WINDOW_FORMAT, drawing_of_window, readable
from fastcnn.storage import atomic_write

HELD_BACK_EVERY = 4
MAX_EXPORT_BYTES = 200_000_000


@dataclass(frozen=True, eq=False)
class Sample:
    """A drawing with its right digit.

    field : (28, 28) uint8, the picture that the network read
    answer : the network's answer
    strokes : none if the drawing is a picture that was opened, or lies on one
    """

    label: int
    answer: int | None
    field: npt.NDArray[np.uint8]
    strokes: tuple[Stroke, ...]
    held_back: bool = False

    @property
    def key(self) -> str:
        """A name from the content, so that the same drawing is kept once."""
        content = {name: value for name, value in self.to_json().items() if name != "held_back"}
        return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=12).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """A form for a file. `of` reads it."""
        return {
            "label": self.label,
            "answer": self.answer,
            "field": base64.b64encode(self.field.tobytes()).decode(),
            "strokes": [stroke.to_json() for stroke in self.strokes],
            "held_back": self.held_back,
        }

    @classmethod
    def of(cls, content: dict[str, Any], drawing: Drawing) -> Sample:
        """From the result of `to_json` and the drawing that the engine read from it."""
        answer = content.get("answer")
        assert drawing.field is not None  # each drawing of the window has one
        strokes = tuple(
            Stroke([(x, y) for x, y in points.tolist()], round(pen.width_px), pen.erases)
            for points, pen in zip(drawing.strokes, drawing.pens, strict=True)
        )
        known = answer if type(answer) is int and answer in range(10) else None
        return cls(drawing.label, known, drawing.field, strokes, bool(content.get("held_back")))


class Collection:
    """The drawings in a folder. Every method may be slow: call them in jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def samples(self) -> list[Sample]:
        """All drawings that can be read, in the order of their names. Damaged files are left out."""
        return [Sample.of(content, drawing) for content, drawing in readable(self.folder)]

    def count(self) -> int:
        """The number of drawings that can be read."""
        return sum(1 for _ in readable(self.folder))

    def add(self, sample: Sample) -> int:
        """Keep a drawing and decide whether it is held back. Returns the number of drawings."""
        made(self.folder)
        path = self.folder / f"{sample.key}.json"
        if not path.exists():
            held_back = self.count() % HELD_BACK_EVERY == HELD_BACK_EVERY - 1
            kept = Sample(sample.label, sample.answer, sample.field, sample.strokes, held_back)
            atomic_write(path, json.dumps(kept.to_json()).encode())
        return self.count()

    def delete_all(self) -> None:
        """Delete all drawings."""
        for path in self.folder.glob("*.json"):
            path.unlink(missing_ok=True)

    def export_to(self, path: str | Path) -> int:
        """Write all drawings to one file. Returns their number."""
        samples = self.samples()
        content = {"format": WINDOW_FORMAT, "drawings": [sample.to_json() for sample in samples]}
        atomic_write(path, json.dumps(content).encode())
        return len(samples)

    def import_from(self, path: str | Path) -> int:
        """Add the drawings of an exported file that are not here yet: all or none. Returns how many were added.

        Raises
        ------
        FastcnnError
            If the file cannot be read or is no export of drawings.
        """
        samples = _read_export(Path(path))
        made(self.folder)
        added = 0
        for sample in samples:
            target = self.folder / f"{sample.key}.json"
            if not target.exists():
                atomic_write(target, json.dumps(sample.to_json()).encode())
                added += 1
        return added


def arrays(samples: Sequence[Sample]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """(N, 1, 28, 28) uint8 pictures and (N,) int64 labels."""
    fields = [sample.field for sample in samples]
    images = np.stack(fields)[:, np.newaxis] if fields else np.empty((0, 1, FIELD_PX, FIELD_PX), np.uint8)
    return images, np.array([sample.label for sample in samples], np.int64)


def _read_export(path: Path) -> list[Sample]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_EXPORT_BYTES + 1)
    except OSError as error:
        raise FastcnnError("cannot read {path} ({reason}); choose another file", path=path, reason=error) from None
    if len(content) > MAX_EXPORT_BYTES:
        raise FastcnnError(
            "{path} is larger than {size} MB, more than any collection", path=path, size=MAX_EXPORT_BYTES // 1_000_000
        )
    try:
        found = json.loads(content)
        if found["format"] != WINDOW_FORMAT:
            raise ValueError("its format is another")
        return [Sample.of(each, drawing_of_window(each)) for each in found["drawings"]]
    except (KeyError, TypeError, ValueError, RecursionError):
        raise FastcnnError(
            "{path} is no collection of drawings; choose a file that “Export” wrote", path=path
        ) from None
