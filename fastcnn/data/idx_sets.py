"""A folder of IDX files under the names that MNIST gave them: *-images-idx3-ubyte and *-labels-idx1-ubyte.

The start of the name says which set and which part it is: train, t10k, emnist-letters-test.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fastcnn.arrays import Array
from fastcnn.data.dataset import DataError, DataSet, Part, assemble
from fastcnn.data.idx import IdxError, read_idx
from fastcnn.data.pixels import as_pictures
from fastcnn.data.room import free_bytes

IMAGES = re.compile(r"(?P<start>.*)images[-.]idx\d[-.]\w+?(?:\.gz)?")
LABELS = re.compile(r"(?P<start>.*)labels[-.]idx\d[-.]\w+?(?:\.gz)?")
PARTS = {"train": "train", "val": "validation", "valid": "validation", "test": "test", "t10k": "test"}
TRANSPOSED = "emnist-"  # in these sets, the rows of the pictures are stored as columns
MOST_BYTES = 1 << 40


def is_idx_name(name: str) -> bool:
    """Whether a file name is that of an IDX file of pictures."""
    return IMAGES.fullmatch(name) is not None


def read_idx_set(path: Path, *, classes: Sequence[str] | None) -> DataSet:
    """The pictures of the IDX files in a folder, or of the set to which an IDX file belongs; see `load_data`."""
    folder = path if path.is_dir() else path.parent
    sets = _sets(folder)
    if path != folder:
        matched = IMAGES.fullmatch(path.name)
        assert matched is not None
        wanted = _set_and_part(matched["start"])[0]
        sets = {wanted: sets[wanted]}
    if len(sets) > 1:
        names = ", ".join(sorted(name or "the others" for name in sets))
        raise DataError(f"{folder} holds several sets ({names[:80]}); give the file of one set's training pictures")
    ((name, parts),) = sets.items()
    if "train" not in parts:
        raise DataError(f"{folder} has no training pictures, such as train-images-idx3-ubyte; put the file there")
    made = {kind: _part(*files, transposed=name.startswith(TRANSPOSED)) for kind, files in parts.items()}
    return assemble(made["train"], made.get("validation"), made.get("test"), classes=classes)


def _set_and_part(start: str) -> tuple[str, str]:
    """The set and the part in the start of a name: "emnist-letters-test-" gives "emnist-letters-" and "test"."""
    words = [word for word in start.split("-") if word]
    part = next((PARTS[word] for word in words if word in PARTS), "train")
    return "".join(f"{word}-" for word in words if word not in PARTS), part


def _sets(folder: Path) -> dict[str, dict[str, tuple[Path, Path]]]:
    """For each set and part, the files of pictures and of labels. Plain files come before compressed ones."""
    names = sorted(os.listdir(folder), reverse=True)  # .gz before the plain file, which then replaces it
    labels = {matched["start"]: folder / name for name in names if (matched := LABELS.fullmatch(name))}
    sets: dict[str, dict[str, tuple[Path, Path]]] = {}
    for name in names:
        matched = IMAGES.fullmatch(name)
        if matched is None:
            continue
        if matched["start"] not in labels:
            wanted = f"{matched['start']}labels-idx1-ubyte"
            raise DataError(f"{folder / name} has no labels: put {wanted}, plain or .gz, next to it")
        of, part = _set_and_part(matched["start"])
        sets.setdefault(of, {})[part] = (folder / name, labels[matched["start"]])
    return sets


def _part(images: Path, labels: Path, *, transposed: bool) -> Part:
    pictures = as_pictures(_read(images), str(images))
    if transposed:
        pictures = np.ascontiguousarray(pictures.swapaxes(2, 3))
    values = _read(labels)
    # QMNIST has eight numbers for each picture; the first one is the class.
    return Part(pictures, values[:, 0] if values.ndim == 2 and values.dtype == np.int32 else values, str(labels))


def _read(path: Path) -> Array:
    free = free_bytes()
    try:
        return read_idx(path, max_bytes=MOST_BYTES if free is None else free)
    except IdxError as error:
        raise DataError(str(error)) from None
