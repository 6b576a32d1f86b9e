"""The result of all readers: pictures, labels as numbers, the names of the classes, and parts for validation and test.

Readers make a `Part` from each part of the data, with labels as in the data: numbers or names. `assemble` takes the
numbers of the classes from the training part, so that a number has the same meaning in all parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fastcnn.arrays import Array
from fastcnn.errors import FastcnnError
from fastcnn.kernels.values import shown
from fastcnn.records import representation

MAX_CLASSES = 1000
MAX_NAME = 200  # characters, as networks keep them


class DataError(FastcnnError, ValueError):
    """Data that cannot be used. The text is one sentence that names the file."""


@dataclass(frozen=True, eq=False, repr=False)
class Part:
    """The training, validation or test part, as it was read.

    images : (N, C, H, W) uint8
    labels : (N,) integers, or names as an array or a list
    source : the file or folder, for errors
    """

    images: Array
    labels: Array | Sequence[str]
    source: str

    def __repr__(self) -> str:
        return representation(self)


@dataclass(frozen=True, eq=False, repr=False)
class DataSet:
    """Pictures with labels; see `load_data`.

    images : (N, C, H, W) uint8, for training
    labels : (N,) int64, the index of each picture's class in `classes`
    classes : the names of the classes
    validation, test : (images, labels) in the same form if the data have such a part, else None
    skipped : the files that could not be read and were left out because of `skip_broken`
    """

    images: Array
    labels: Array
    classes: tuple[str, ...]
    validation: tuple[Array, Array] | None = None
    test: tuple[Array, Array] | None = None
    skipped: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return representation(self)

    def named(self) -> DataSet:
        """The same data with names instead of numbers as labels, in all parts.

        `Trainer.fit` and `network.evaluate` take both. But if all names are integers other than 0, 1, 2, ..., they read
        an integer as a name, so such data need names as labels.
        """
        names = np.array(self.classes)
        validation, test = (
            None if part is None else (part[0], names[part[1]]) for part in (self.validation, self.test)
        )
        return replace(self, labels=names[self.labels], validation=validation, test=test)


def assemble(
    train: Part,
    validation: Part | None = None,
    test: Part | None = None,
    *,
    classes: Sequence[str] | None = None,
    skipped: Sequence[str] = (),
) -> DataSet:
    """The data set of these parts.

    Parameters
    ----------
    train, validation, test : parts with pictures of one shape
    classes : the names in the order of their numbers; None takes those of the training part

    Raises
    ------
    DataError
        If the parts do not fit together, a label is neither a whole number nor a name, or a class is unknown.
    """
    names, numbers = _names(train)
    known = tuple(sort_names(names)) if classes is None else tuple(classes)
    _check_names(known, train.source)
    pairs: list[tuple[Array, Array] | None] = []
    for part in (train, validation, test):
        if part is None:
            pairs.append(None)
            continue
        if part.images.shape[1:] != train.images.shape[1:]:
            raise DataError(
                f"{part.source} has pictures of shape {part.images.shape[1:]}, but {train.source} has "
                f"{train.images.shape[1:]}; make them alike"
            )
        if len(part.images) != len(part.labels):
            raise DataError(
                f"{part.source} has {len(part.labels)} labels for {len(part.images)} pictures; give one label a picture"
            )
        if len(part.images) == 0:
            raise DataError(f"{part.source} holds no pictures")
        if part is not train:
            names, numbers = _names(part)
        pairs.append((part.images, _in_order(names, known, part.source)[numbers]))
    first = pairs[0]
    assert first is not None
    return DataSet(*first, known, pairs[1], pairs[2], tuple(skipped))


def sort_names(names: Sequence[str]) -> list[str]:
    """Names in the order of the classes: numerical if all are whole numbers, else alphabetical."""
    if all(name.isascii() and name.removeprefix("-").isdigit() and str(int(name)) == name for name in names):
        return sorted(names, key=int)
    return sorted(names)


def _names(part: Part) -> tuple[list[str], Array]:
    """The different labels of a part as names, and for each picture the index of its label."""
    if not isinstance(part.labels, np.ndarray):
        found = sorted(set(part.labels))
        _check_count(len(found), part.source)
        index = {name: number for number, name in enumerate(found)}
        return found, np.array([index[name] for name in part.labels], np.int64)
    values: Array = part.labels
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    elif values.ndim == 2 and values.dtype.kind in "iufb":
        values = _from_rows(values, part.source)
    if values.ndim != 1:
        raise DataError(f"{part.source} must have one label a picture, not labels of shape {values.shape}")
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind == "f":
        values = _whole(values, part.source)
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    if values.dtype.kind == "U":
        values = np.char.strip(values)
    if values.dtype.kind not in "iuU":
        raise DataError(f"{part.source} must have numbers or names as labels, not {values.dtype}")
    distinct, numbers = np.unique(values, return_inverse=True)
    _check_count(len(distinct), part.source)
    return [str(value) for value in distinct.tolist()], numbers.reshape(-1)


def _check_count(count: int, source: str) -> None:
    if count > MAX_CLASSES:
        raise DataError(
            f"{source} has {count:,} different labels, more than {MAX_CLASSES:,}; check that these are classes"
        )


def _from_rows(rows: Array, source: str) -> Array:
    """The class of each row of 0 and 1."""
    ones = rows == 1
    if not ((ones | (rows == 0)).all() and (ones.sum(axis=1) == 1).all()):
        raise DataError(f"{source} has labels of shape {rows.shape} that are no rows of one 1 and else 0")
    classes: Array = ones.argmax(axis=1)
    return classes


def _whole(values: Array, source: str) -> Array:
    """Floats as integers; DataError if one is not a whole number."""
    wrong = np.flatnonzero(~(np.isfinite(values) & (values == np.rint(values)) & (np.abs(values) < 2**53)))
    if wrong.size:
        raise DataError(
            f"{source} has the label {values[wrong[0]]:g} at index {wrong[0]}; labels are whole numbers or names"
        )
    return values.astype(np.int64)


def _in_order(names: Sequence[str], known: Sequence[str], source: str) -> Array:
    """The position of each name in `known`."""
    index = {name: number for number, name in enumerate(known)}
    unknown = [name for name in names if name not in index]
    if unknown:
        some = ", ".join(known[:4]) + (", …" if len(known) > 4 else "")
        raise DataError(f"{source} has the class {shown(unknown[0])}, which is not among those trained on ({some})")
    return np.array([index[name] for name in names], np.int64)


def _check_names(names: Sequence[str], source: str) -> None:
    if len(names) < 2:
        raise DataError(f"{source} has one class only, {shown(names[0])}; give pictures of two classes or more")
    for name in names:
        if not (0 < len(name) <= MAX_NAME and name.isprintable()):
            raise DataError(f"{source} has a class whose name cannot be shown, {ascii(name)[:60]}; rename it")
    folded: dict[str, str] = {}
    for name in names:
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise DataError(
                f"{source} has the classes {other[:40]} and {name[:40]}, which differ by capitals only; rename one"
            )
