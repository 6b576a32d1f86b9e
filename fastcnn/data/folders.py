"""Read a folder with one folder of pictures for each class, or with such folders for training, validation and test.

All files are read before an error is raised, so the error has the number of files that cannot be read.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from fastcnn.data.dataset import MAX_CLASSES, DataError, DataSet, Part, assemble
from fastcnn.data.picture_files import resized
from fastcnn.data.room import check_room
from fastcnn.data.sharing import Readers
from fastcnn.errors import FastcnnError
from fastcnn.handwriting.preparation.pictures import measure_picture, open_picture
from fastcnn.handwriting.preparation.silence import decoding
from fastcnn.pace import Pace

PICTURE_SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm",
    ".pnm",
)  # fmt: skip
# Files that systems leave in folders. Names that begin with a dot are left out too.
NO_DATA = ("thumbs.db", "desktop.ini", "__macosx")
SPLITS = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
LONGEST_PX = 64  # the longest side of a picture if no size is given

Found = TypeVar("Found")
log = logging.getLogger("fastcnn")


def read_folders(
    root: Path,
    *,
    size: tuple[int, int] | None,
    channels: int | None,
    classes: Sequence[str] | None,
    skip_broken: bool,
    readers: Readers,
) -> DataSet:
    """The pictures under a folder; see `load_data`. Each reader opens its part of the files."""
    folders = _split(root)
    parts = {kind: _files(folder) for kind, folder in folders.items()}
    everything = [path for files in parts.values() for _, path in files]
    _check_alike(root, everything, readers)
    broken: dict[Path, str] = {}
    if size is None or channels is None:
        measured = dict(zip(everything, _each(everything, measure_picture, broken, readers), strict=True))
        trained = [found for _, path in parts["train"] if (found := measured[path]) is not None]
        if not trained:
            raise _cannot_be_read(broken, len(everything))
        size = _median_size([(height, width) for height, width, _ in trained]) if size is None else size
        channels = (3 if any(coloured for _, _, coloured in trained) else 1) if channels is None else channels
    shape = (channels, *size)
    left = [path for path in everything if path not in broken]
    check_room(len(left) * int(np.prod(shape)), f"{root} as {len(left):,} pictures of {' x '.join(map(str, shape))}")
    images = readers.room((len(left), *shape))
    at = {path: number for number, path in enumerate(left)}

    def read(path: Path) -> None:
        images[at[path]] = resized(open_picture(path), shape, str(path))

    _each(left, read, broken, readers)
    if broken and (not skip_broken or len(broken) == len(everything)):
        raise _cannot_be_read(broken, len(everything))
    images = readers.filled(images, np.array([at[path] for path in left if path not in broken], np.int64))
    made, first = {}, 0
    for kind, files in parts.items():
        labels = _labels(folders[kind], files, broken)
        made[kind] = Part(images[first : first + len(labels)], labels, str(folders[kind]))
        first += len(labels)
    return assemble(
        made["train"], made.get("validation"), made.get("test"), classes=classes, skipped=[*map(str, broken)]
    )


def has_class_folders(root: Path) -> bool:
    """Whether the folder contains a folder."""
    return any(is_folder for _, is_folder in _entries(root))


def _split(root: Path) -> dict[str, Path]:
    """The folder of the training part, and those of the other parts if there are any."""
    folders = [name for name, is_folder in _entries(root) if is_folder]
    kinds = {name: SPLITS.get(name.casefold()) for name in folders}
    if "train" not in kinds.values() or None in kinds.values():
        return {"train": root}
    if not all(has_class_folders(root / name) for name, kind in kinds.items() if kind == "train"):
        return {"train": root}  # "train" is the name of a class
    found: dict[str, Path] = {}
    for name, kind in kinds.items():
        assert kind is not None
        if kind in found:
            raise DataError(f"{root} has two folders for one part, {found[kind].name} and {name}; leave one of them")
        if not has_class_folders(root / name):
            raise DataError(f"{root / name} has no folders of classes; sort its pictures into such, or move it away")
        found[kind] = root / name
    return found


def _files(root: Path) -> list[tuple[str, Path]]:
    """Each picture file with the name of its class, in order."""
    folders = [name for name, is_folder in _entries(root) if is_folder]
    if len(folders) > MAX_CLASSES:
        raise DataError(f"{root} has {len(folders):,} folders, more classes than {MAX_CLASSES:,}; check the path")
    files: list[tuple[str, Path]] = []
    ignored: list[Path] = []
    for name in folders:
        own: list[Path] = []
        for file, is_folder in _entries(root / name):
            is_picture = not is_folder and Path(file).suffix.casefold() in PICTURE_SUFFIXES
            (own if is_picture else ignored).append(root / name / file)
        if not own:
            raise DataError(f"{root / name} holds no pictures; put PNG, JPEG or other pictures in it, or remove it")
        files += [(name, path) for path in own]
    if ignored:
        log.info("left out %s that are no pictures by their names, first %s", f"{len(ignored):,} entries", ignored[0])
    return files


def _entries(folder: Path) -> list[tuple[str, bool]]:
    """The names in a folder, in order, and whether each is a folder, without hidden ones."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, _is_folder(entry)) for entry in entries]
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error.strerror}); check its permissions") from None
    return sorted(entry for entry in found if not entry[0].startswith(".") and entry[0].casefold() not in NO_DATA)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _each(
    paths: Sequence[Path], read: Callable[[Path], Found], broken: dict[Path, str], readers: Readers
) -> list[Found | None]:
    """The result of `read` for each file, by one of the readers; None for files that cannot be read.

    Those are put into `broken`, with the reason.
    """
    own: list[Found | None] = []
    reasons: dict[Path, str] = {}
    pace = Pace(len(paths), "pictures")
    with decoding():  # once for all files: doing it for each picture takes a third of the time
        for path in paths[readers.number :: readers.count]:
            result: Found | None = None
            try:
                result = read(path)
            except (FastcnnError, OSError, ValueError) as error:
                reason = " ".join(str(error).split())
                reasons[path] = reason if str(path) in reason else f"{path}: {reason}"
            own.append(result)
            pace.add(readers.count)  # the others are about as fast
    found: list[Found | None] = [None] * len(paths)
    for number, (theirs, wrong) in enumerate(readers.gathered((own, reasons))):
        found[number :: readers.count] = theirs
        reasons |= wrong
    broken |= {path: reasons[path] for path in paths if path in reasons}
    return found


def _check_alike(root: Path, paths: Sequence[Path], readers: Readers) -> None:
    """DataError unless all readers have found the same files."""
    names = "\n".join(map(str, paths)).encode(errors="surrogateescape")
    if len(set(readers.gathered(hashlib.blake2b(names, digest_size=16).digest()))) > 1:
        raise DataError(f"{root} has other files for some of the ranks; give all hosts the same data")


def _cannot_be_read(broken: dict[Path, str], count: int) -> DataError:
    first = min(broken)
    reason = broken[first].partition(";")[0]
    return DataError(
        f"{len(broken):,} of {count:,} pictures cannot be read, first: {reason}; mend or delete them, or skip broken "
        "ones (--skip-broken)"
    )


def _median_size(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The median height and width, scaled down if a side is longer than LONGEST_PX."""
    height, width = np.median(np.array(sizes), axis=0)
    factor = min(1.0, LONGEST_PX / max(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))


def _labels(root: Path, files: Sequence[tuple[str, Path]], broken: dict[Path, str]) -> list[str]:
    """The labels of the pictures of one part that could be read."""
    kept = [name for name, path in files if path not in broken]
    lost = {name for name, _ in files} - set(kept)
    if lost:
        raise DataError(f"no picture of the class {min(lost)[:60]!r} in {root} can be read; mend them or remove it")
    return kept
