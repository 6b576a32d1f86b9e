"""`load_data`: read pictures with labels from a path, or a dataset by its name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from fastcnn.checks import check_flag, check_path
from fastcnn.data.arrays import read_arrays_of
from fastcnn.data.dataset import DataError, DataSet, Part, assemble
from fastcnn.data.datasets import DATASETS, find_dataset
from fastcnn.data.folders import has_class_folders, read_folders
from fastcnn.data.idx_sets import is_idx_name, read_idx_set
from fastcnn.data.load import load_dataset
from fastcnn.data.picture_files import MODES
from fastcnn.data.sharing import ALONE, Readers
from fastcnn.data.tables import read_table
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import shown

FORMS = "a folder with a folder for each class, a .csv table, an .npz archive, IDX files or a dataset's name"
TABLES = (".csv", ".tsv", ".txt")
HAS_A_SIZE = "such data, whose pictures have their size"
MAX_SIDE_PX = 1024


def load_data(
    path: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    shape: Sequence[int] | None = None,
    classes: Sequence[str] | None = None,
    skip_broken: bool = False,
) -> DataSet:
    """Pictures and labels from a folder, a table, an archive, IDX files, or a dataset that was fetched.

    Parameters
    ----------
    path : a folder with one folder of pictures for each class, or with folders train, val and test that contain such
        folders; a CSV table with a label column; an .npz archive; a folder of IDX files, or one of these files; or a
        name in `fastcnn data list`. docs/data.md describes all of them
    size : (height, width) in pixels, or one number for both. For a folder: all pictures are scaled to it; None is the
        median height and width, scaled down if a side is longer than 64. For a table: the size of its pictures, needed
        if they are not square and grey
    channels : for a folder: 1 (grey), 3 (red, green, blue) or 4 (with opacity); None is 3 if a picture has colours
    shape : (C, H, W) of a network's input, instead of size and channels: pictures in a folder are scaled to it, other
        pictures must have it
    classes : the names of the classes in the order of their numbers; None takes those of the training part, in order
    skip_broken : for a folder: leave out the files that cannot be read

    Returns
    -------
    images (N, C, H, W) uint8, labels (N,) int64 and classes, with the parts for validation and test if there are any;
    see `DataSet`

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or has no meaning for such data.
    DataError, FileNotFoundError
        If the data do not exist or cannot be used; one sentence names the file. A DataError is a FastcnnError and a
        ValueError.
    """
    return read_data(path, ALONE, size=size, channels=channels, shape=shape, classes=classes, skip_broken=skip_broken)


def read_data(
    path: str | os.PathLike[str],
    readers: Readers,
    *,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    shape: Sequence[int] | None = None,
    classes: Sequence[str] | None = None,
    skip_broken: bool = False,
) -> DataSet:
    """As `load_data`, by several readers: each opens its part of a folder's pictures; other data are read by one."""
    where = check_path("path", path)
    if not os.fspath(path):  # an empty path would be the current folder
        raise DataError(f"path is empty; give {FORMS}")
    pair, depth, wanted = _check_size(size), _check_channels(channels), _check_shape(shape)
    if wanted is not None:
        _refuse("data for a network, which has a shape", size=size, channels=channels)
    _check_classes(classes)
    skip = check_flag("skip_broken", skip_broken)
    if isinstance(path, str) and any(path == dataset.name for dataset in DATASETS):
        _refuse(HAS_A_SIZE, size=size, channels=channels)
        made = readers.once(partial(_named, path, classes))
    elif _all_scale(where, readers):
        if wanted is not None:
            if wanted[0] not in MODES:
                raise DataError(f"{where} has picture files, of 1, 3 or 4 channels, but the network takes {wanted[0]}")
            depth, pair = wanted[0], (wanted[1], wanted[2])
        made = read_folders(where, size=pair, channels=depth, classes=classes, skip_broken=skip, readers=readers)
    else:
        made = readers.once(partial(_read_file, where, pair, channels, wanted, classes))
    if wanted is not None and made.images.shape[1:] != wanted:
        raise DataError(f"{where} has pictures of shape {made.images.shape[1:]}, but the network takes {wanted}")
    return made


def scales_pictures(path: Path) -> bool:
    """Whether this is a folder of picture files, which can be scaled to any size; DataError if it cannot be read."""
    _check_reachable(path)
    if not path.is_dir() or any(map(is_idx_name, _listed(path))):
        return False
    if not has_class_folders(path):
        raise DataError(f"{path} has no folders of classes and no IDX files; give {FORMS}")
    return True


def _all_scale(path: Path, readers: Readers) -> bool:
    """`scales_pictures` for the first reader; DataError if other readers need the folder and do not have it."""
    first, *others = readers.gathered(scales_pictures(path))
    if first and not all(others):
        raise DataError(f"{path} is no folder of pictures for some of the ranks; give all hosts the same data")
    return first


def _check_reachable(path: Path) -> None:
    """DataError if the system cannot say what the path is, as in a folder that may not be read."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return  # there is nothing, which is told later
    except OSError as error:
        raise DataError(
            f"{path!s:.100} cannot be read ({error.strerror}); check the path and its permissions"
        ) from None


def _read_file(
    path: Path,
    size: tuple[int, int] | None,
    channels: int | None,
    shape: tuple[int, ...] | None,
    classes: Sequence[str] | None,
) -> DataSet:
    """Read a table, an archive or IDX files."""
    if not path.exists():
        names = ", ".join(dataset.name for dataset in DATASETS)
        raise DataError(f"there is no {path}; give {FORMS} ({names})")
    if not path.is_file() and not path.is_dir():
        raise DataError(f"{path} is not an ordinary file; give {FORMS}")
    suffix = path.suffix.casefold()
    _refuse(HAS_A_SIZE, channels=channels)
    if suffix in TABLES and path.is_file():
        return read_table(path, size=size if shape is None else (shape[1], shape[2]), classes=classes)
    _refuse(HAS_A_SIZE, size=size)
    if path.is_dir() or is_idx_name(path.name):
        return read_idx_set(path, classes=classes)
    if suffix != ".npz":
        raise DataError(f"{path} is none of the forms of data; give {FORMS}")
    return read_arrays_of(path, classes=classes)


def _named(name: str, classes: Sequence[str] | None) -> DataSet:
    """A dataset by its name, with its authors' names of the classes if there are any."""
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


def _check_channels(channels: object) -> int | None:
    if channels is None:
        return None
    count = integer("channels", channels, 1)
    if count not in (1, 3, 4):
        raise ValueError(f"channels must be 1, 3 or 4, not {count}")
    return count


def _check_shape(shape: object) -> tuple[int, ...] | None:
    if shape is None:
        return None
    if not isinstance(shape, tuple | list) or len(shape) != 3:
        raise ValueError(f"shape must be (C, H, W), not {shown(shape)}")
    return tuple(integer("shape", side, 1) for side in shape)


def _check_classes(classes: object) -> None:
    if classes is None:
        return
    if isinstance(classes, str) or not isinstance(classes, Sequence) or not all(isinstance(c, str) for c in classes):
        raise TypeError(f"classes must be a list of names, not {shown(classes)}")


def _refuse(what: str, **options: object) -> None:
    """ValueError for an option that has no meaning for these data."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"{name} has no effect on {what}; leave it out")
