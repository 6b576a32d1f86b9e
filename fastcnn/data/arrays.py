"""Read NumPy's .npz archives: pictures and labels under the usual names, and parts for validation and test.

An archive may be malicious. So the header of each array is compared with the free memory before the array is unpacked,
and nothing in the archive is executed (allow_pickle=False).
"""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.data.dataset import DataError, DataSet, Part, assemble
from fastcnn.data.pixels import as_pictures
from fastcnn.data.room import check_room

# The names of pictures and of labels, in upper or lower case; the first pair in the archive is used.
NAMES = {
    "train": (
        ("x_train", "y_train"), ("x_train", "t_train"), ("train_images", "train_labels"), ("train_x", "train_y"),
        ("images", "labels"), ("images", "targets"), ("x", "y"), ("x", "t"), ("x", "labels"), ("data", "target"),
        ("data", "labels"), ("images", "target"), ("images", "y"), ("image", "label"), ("arr_0", "arr_1"),
    ),
    "validation": (
        ("x_val", "y_val"), ("x_val", "t_val"), ("x_valid", "y_valid"), ("val_images", "val_labels"),
        ("val_x", "val_y"),
    ),
    "test": (
        ("x_test", "y_test"), ("x_test", "t_test"), ("test_images", "test_labels"), ("test_x", "test_y"),
    ),
}  # fmt: skip
# What NumPy raises for a header that it cannot use: it reads the text with Python's own parser.
NO_HEADER = (ValueError, TypeError, SyntaxError, RecursionError, tokenize.TokenError)


def read_arrays_of(path: Path, *, classes: Sequence[str] | None) -> DataSet:
    """The pictures of an .npz archive; see `load_data`."""
    try:
        with zipfile.ZipFile(path) as archive:
            there = {Path(name).stem.casefold(): name for name in archive.namelist() if name.endswith(".npy")}
            found = {kind: pair for kind in NAMES if (pair := _named(kind, there))}
            if "train" not in found:
                names = ", ".join(there) or "nothing"
                raise DataError(f"{path} needs arrays x and y, or x_train and y_train, and has {names[:80]}")
            arrays = {
                kind: [_array(archive, there[name], f"{name} in {path}") for name in found[kind]] for kind in found
            }
    except zipfile.BadZipFile:
        raise DataError(
            f"{path} is no .npz archive or is damaged; make it by numpy.savez(path, x=..., y=...)"
        ) from None
    except (zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path} is damaged ({' '.join(str(error).split())[:80]}); get or make it again") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); check that it is a file you may read") from None
    parts = {
        kind: Part(
            as_pictures(images, f"{found[kind][0]} in {path}", arrays["train"][0]),
            labels,
            f"{found[kind][1]} in {path}",
        )
        for kind, (images, labels) in arrays.items()
    }
    return assemble(parts["train"], parts.get("validation"), parts.get("test"), classes=classes)


def _named(kind: str, there: dict[str, str]) -> tuple[str, str] | None:
    """The names of a part's pictures and labels; None if there is no such part."""
    return next((names for names in NAMES[kind] if all(name in there for name in names)), None)


def _array(archive: zipfile.ZipFile, member: str, what: str) -> Array:
    """One array. It is read only after a check of its header."""
    info = archive.getinfo(member)
    with _as_array(what), archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
        head = stream.tell()
    if dtype.hasobject:
        raise DataError(f"{what} holds Python objects, which are never unpickled; save numbers or texts")
    if not shape or min(shape) < 0:
        raise DataError(f"{what} has the shape {shape}; it must be an array with a picture or a label in each row")
    nbytes = math.prod(shape) * dtype.itemsize
    if nbytes != info.file_size - head:
        raise DataError(f"{what} promises {nbytes:,} bytes and has {info.file_size - head:,}; make the archive again")
    check_room(nbytes, what)
    with _as_array(what), archive.open(info) as stream:
        array: Any = np.lib.format.read_array(stream, allow_pickle=False)
    return np.asarray(array)


@contextmanager
def _as_array(what: str) -> Iterator[None]:
    """DataError for what is no array that NumPy wrote."""
    try:
        yield
    except NO_HEADER:
        raise DataError(f"{what} is no array that NumPy wrote; make the archive again by numpy.savez") from None
