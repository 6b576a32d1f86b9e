"""The user's corrected drawings. Each is a file that is written atomically, so a kill never damages earlier ones.

Every fourth drawing is never used for learning. These drawings show whether learning has helped.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcnn.errors import FastcnnError
from fastcnn.gui.logic.chosen import read_chosen
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
        return self._hash("label", "answer", "field", "strokes")

    @property
    def drawing_key(self) -> str:
        """A name from the drawing alone, whatever its label."""
        return self._hash("field", "strokes")

    def _hash(self, *names: str) -> str:
        content = {name: value for name, value in self.to_json().items() if name in names}
        return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=12).hexdigest()

    def is_drawn_as(self, other: Sample) -> bool:
        """Whether it is the same drawing, perhaps with another label."""
        return self.drawing_key == other.drawing_key

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


@dataclass(frozen=True, eq=False)
class Entry:
    """A kept drawing and its file's name, by which it can be relabelled or deleted."""

    name: str
    sample: Sample


Files = dict[str, tuple[bytes, int] | None]  # by name: content and time of the last change; None where there is no file


class Collection:
    """The drawings in a folder. Every method may be slow: call them in jobs.

    Methods that change the collection return the files as they were before, for `restore`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def samples(self) -> list[Sample]:
        """All drawings that can be read, in the order of their names. Damaged files are left out."""
        return [Sample.of(content, drawing) for _, content, drawing in readable(self.folder)]

    def entries(self) -> list[Entry]:
        """All drawings that can be read, the one that was changed last first."""
        found = [(path, Sample.of(content, drawing)) for path, content, drawing in readable(self.folder)]
        found.sort(key=lambda each: (-_changed_ns(each[0]), each[0].name))
        return [Entry(path.name, sample) for path, sample in found]

    def count(self) -> int:
        """The number of drawings that can be read."""
        return sum(1 for _ in readable(self.folder))

    def add(self, sample: Sample) -> Files:
        """Keep a drawing, and decide whether it is held back. If it was kept before, the new label replaces the old."""
        made(self.folder)
        entries = self.entries()
        same = [entry for entry in entries if entry.sample.is_drawn_as(sample)]
        if same:
            held_back = same[0].sample.held_back  # or a network might be measured on what it has learned
        else:
            held_back = len(entries) % HELD_BACK_EVERY == HELD_BACK_EVERY - 1
        kept = replace(sample, held_back=held_back)
        return self._write({entry.name: None for entry in same} | {f"{kept.key}.json": kept})

    def relabel(self, names: Iterable[str], label: int) -> Files:
        """Give drawings another label."""
        chosen = set(names)
        wanted: dict[str, Sample | None] = {}
        for entry in self.entries():
            if entry.name in chosen:
                sample = replace(entry.sample, label=label)
                wanted |= {entry.name: None, f"{sample.key}.json": sample}
        return self._write(wanted)

    def delete(self, names: Iterable[str]) -> Files:
        """Delete drawings."""
        return self._write(dict.fromkeys(names))

    def delete_all(self) -> None:
        """Delete all drawings, for ever."""
        for path in self.folder.glob("*.json"):
            path.unlink(missing_ok=True)

    def restore(self, files: Files) -> None:
        """Bring files back to what they were."""
        for name, before in files.items():
            path = self.folder / name
            if before is None:
                path.unlink(missing_ok=True)
            else:
                content, changed_ns = before
                atomic_write(path, content)
                os.utime(path, ns=(changed_ns, changed_ns))

    def export_to(self, path: str | Path) -> int:
        """Write all drawings to one file. Returns their number."""
        samples = self.samples()
        content = {"format": WINDOW_FORMAT, "drawings": [sample.to_json() for sample in samples]}
        atomic_write(path, json.dumps(content).encode())
        return len(samples)

    def import_from(self, path: str | Path) -> tuple[int, Files]:
        """Add the drawings of an exported file that are not here yet, under any label: all or none.

        Returns how many were added, and the files before.

        Raises
        ------
        FastcnnError
            If the file cannot be read or is no export of drawings.
        """
        samples = _read_export(Path(path))
        made(self.folder)
        known = {sample.drawing_key for sample in self.samples()}
        new = {sample.drawing_key: sample for sample in samples if sample.drawing_key not in known}
        return len(new), self._write({f"{sample.key}.json": sample for sample in new.values()})

    def _write(self, wanted: Mapping[str, Sample | None]) -> Files:
        """Write some files and then delete others (None)."""
        before = {name: self._read(name) for name in wanted}
        for name, sample in wanted.items():
            if sample is not None:
                atomic_write(self.folder / name, json.dumps(sample.to_json()).encode())
        for name, sample in wanted.items():
            if sample is None:
                (self.folder / name).unlink(missing_ok=True)
        return before

    def _read(self, name: str) -> tuple[bytes, int] | None:
        path = self.folder / name
        return (path.read_bytes(), _changed_ns(path)) if path.exists() else None


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # another window has deleted it
        return 0


def arrays(samples: Sequence[Sample]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """(N, 1, 28, 28) uint8 pictures and (N,) int64 labels."""
    fields = [sample.field for sample in samples]
    images = np.stack(fields)[:, np.newaxis] if fields else np.empty((0, 1, FIELD_PX, FIELD_PX), np.uint8)
    return images, np.array([sample.label for sample in samples], np.int64)


def _read_export(path: Path) -> list[Sample]:
    content = read_chosen(path, MAX_EXPORT_BYTES)
    if len(content) > MAX_EXPORT_BYTES:
        raise FastcnnError(
            "{path} is larger than {size} MB, more than any collection", path=path, size=MAX_EXPORT_BYTES // 1_000_000
        )
    try:
        found = json.loads(content)
        if found["format"] != WINDOW_FORMAT:
            raise ValueError("its format is another")
        return [Sample.of(each, drawing_of_window(each)) for each in found["drawings"]]
    except (KeyError, TypeError, ValueError, RecursionError, OverflowError):
        raise FastcnnError(
            "{path} is no collection of drawings; choose a file that “Export” wrote", path=path
        ) from None
