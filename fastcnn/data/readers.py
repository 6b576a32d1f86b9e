"""`load_data`: pictures with labels from whatever a path or a name means."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fastcnn.arrays import shown
from fastcnn.checks import check_flag, check_path
from fastcnn.data.arrays import read_arrays_of
from fastcnn.data.dataset import DataError, DataSet, Part, assemble
from fastcnn.data.datasets import DATASETS, find_dataset
from fastcnn.data.folders import has_class_folders, read_folders
from fastcnn.data.idx_sets import is_idx_name, read_idx_set
from fastcnn.data.load import load_dataset
from fastcnn.data.tables import read_table
from fastcnn.kernels.shapes import integer

FORMS = "a folder with a folder for each class, a .csv table, an .npz archive, IDX files or a dataset's name"
TABLES = (".csv", ".tsv", ".txt")
MAX_SIDE_PX = 1024


def load_data(
    path: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    classes: Sequence[str] | None = None,
    skip_broken: bool = False,
) -> DataSet:
    """Pictures and labels from a folder, a table, an archive, IDX files, or a dataset that was fetched.

    Parameters
    ----------
    path : a folder with one folder of pictures for each class, or with the folders train, val and test that hold such
        ones; a CSV table with a label column; an .npz archive; a folder of IDX files, or one of these; or a name in
        `fastcnn data list`. docs/train.md says what each may look like
    size : (height, width) in pixels, or one number for both. Of a folder what all pictures are scaled to; None takes
        the median height and width, smaller by one factor where a side is longer than 64. Of a table the size of its
        pictures, where they are not square and grey
    channels : of a folder: 1 (grey), 3 (red, green, blue) or 4 (and opacity); None takes 3 where a picture has colours
    classes : the classes' names in the order of their numbers; None takes those of the training part, in order
    skip_broken : of a folder: leave out the files that cannot be read

    Returns
    -------
    images (N, C, H, W) uint8, labels (N,) int64 and classes, with the parts for validation and test where there are
    such; see `DataSet`

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or has no meaning for such data.
    DataError, FileNotFoundError
        If there are no such data or they cannot be used; one sentence names the file. A DataError is a FastcnnError
        and a ValueError.
    """
    if isinstance(path, str) and any(path == dataset.name for dataset in DATASETS):
        _refuse("a dataset", size=size, channels=channels)
        return _named(path, classes)
    where, pair, skip = check_path("path", path), _check_size(size), check_flag("skip_broken", skip_broken)
    channels = None if channels is None else integer("channels", channels, 1)
    if channels not in (None, 1, 3, 4):
        raise ValueError(f"channels must be 1, 3 or 4, not {channels}")
    _check_classes(classes)
    if where.is_dir():
        if any(map(is_idx_name, _listed(where))):
            _refuse("IDX files", size=size, channels=channels)
            return read_idx_set(where, classes=classes)
        if not has_class_folders(where):
            raise DataError(f"{where} has no folders of classes and no IDX files; give {FORMS}")
        return read_folders(where, size=pair, channels=channels, classes=classes, skip_broken=skip)
    if not where.exists():
        names = ", ".join(dataset.name for dataset in DATASETS)
        raise DataError(f"there is no {where}; give {FORMS} ({names})")
    if not where.is_file():
        raise DataError(f"{where} is not an ordinary file; give {FORMS}")
    suffix = where.suffix.casefold()
    if suffix in TABLES:
        _refuse("a table", channels=channels)
        return read_table(where, size=pair, classes=classes)
    if suffix != ".npz" and not is_idx_name(where.name):
        raise DataError(f"{where} is none of the forms of data; give {FORMS}")
    _refuse("arrays", size=size, channels=channels)
    return read_arrays_of(where, classes=classes) if suffix == ".npz" else read_idx_set(where, classes=classes)


def _named(name: str, classes: Sequence[str] | None) -> DataSet:
    """A dataset by its name; where its authors named the classes, by these names."""
    if Path(name).exists():
        raise DataError(f"{name} is a dataset and a file or folder here; say .{os.sep}{name} for that, or rename it")
    dataset = find_dataset(name)
    parts = []
    for images, labels in load_dataset(name, normalize=False):
        values = np.array(dataset.classes)[labels] if dataset.classes else labels
        parts.append(Part(images, values, name))
    return assemble(parts[0], test=parts[1], classes=classes or dataset.classes or None)


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error.strerror}); check its permissions") from None


def _check_size(size: object) -> tuple[int, int] | None:
    if size is None:
        return None
    pair = size if isinstance(size, tuple | list) else (size, size)
    if len(pair) != 2:
        raise ValueError(f"size must be (height, width) or one number, not {shown(size)}")
    height, width = (integer("size", side, 1) for side in pair)
    if max(height, width) > MAX_SIDE_PX:
        raise ValueError(f"size must be at most {MAX_SIDE_PX} pixels a side, not {height} x {width}")
    return height, width


def _check_classes(classes: object) -> None:
    if classes is None:
        return
    if isinstance(classes, str) or not isinstance(classes, Sequence) or not all(isinstance(c, str) for c in classes):
        raise TypeError(f"classes must be a list of names, not {shown(classes)}")


def _refuse(what: str, **options: object) -> None:
    """ValueError for an option that has no meaning here."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"{name} has no effect on {what}, whose pictures have a size; leave it out")
