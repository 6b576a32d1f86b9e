"""Read a CSV table with a picture in each row: one column has the label, the others the pixels.

Kaggle's MNIST has this form, `label,pixel0,...,pixel783`. The length of lines is limited. NumPy parses the numbers,
some rows at a time.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np

from fastcnn.arrays import Array
from fastcnn.data.dataset import MAX_NAME, DataError, DataSet, Part, assemble
from fastcnn.data.pixels import WHITE, as_pictures, square
from fastcnn.data.room import check_room

LABELS = ("label", "labels", "class", "target", "y")  # names of the label column; upper or lower case
DELIMITERS = ",;\t"
MAX_COLUMNS = 200_000
MAX_LINE = 4 << 20  # characters
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
ROWS = 1000  # rows that are parsed at a time


def read_table(path: Path, *, size: tuple[int, int] | None, classes: Sequence[str] | None) -> DataSet:
    """The pictures of a table; see `load_data`."""
    check_room(path.stat().st_size // 2, str(path))  # a pixel needs two bytes: a digit and a comma
    try:
        # A byte that is not UTF-8 may be in the name of a class, which is checked later.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            images, labels = _read(file, str(path))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); check that it is a file you may read") from None
    except csv.Error as error:
        raise DataError(f"{path} is no table of pictures or is damaged ({error}); save it as CSV again") from None
    images = _in_shape(images, size, str(path))
    return assemble(Part(as_pictures(images, str(path)), _numbered(labels), str(path)), classes=classes)


def _read(file: IO[str], source: str) -> tuple[Array, list[str]]:
    """The pixels (N, pixels) and the labels of all rows."""
    lines = _lines(file, source)
    first = next(lines, None)
    if first is None:
        raise DataError(f"{source} is empty; give a table with a picture a row")
    delimiter = max(DELIMITERS, key=first[1].count)
    header = _cells(first[1], delimiter)
    if not 2 <= len(header) <= MAX_COLUMNS:
        raise DataError(f"{source} has {len(header):,} columns; a table has a label and 1 to {MAX_COLUMNS:,} pixels")
    named = header[0].strip().casefold() in LABELS or header == [*map(str, range(len(header)))]
    if not named and all(map(_is_number, header[1:])):  # no header: the label comes first
        column, rows = 0, _with(first, lines)
    else:
        column, rows = _label_column(header, source), lines
    pixels, labels = [], []
    while block := list(islice(rows, ROWS)):
        values, names = _parse(block, column, len(header), delimiter, source)
        pixels.append(values)
        labels += names
    if not pixels:
        raise DataError(f"{source} has a header and no rows; give a table with a picture a row")
    return np.concatenate(pixels), labels


def _lines(file: IO[str], source: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers from 1."""
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if len(line) >= MAX_LINE:
            raise DataError(f"{source} has over {MAX_LINE:,} characters in line {number}; it is no table of pictures")
        if "\0" in line:
            raise DataError(f"{source} is not text in UTF-8, see line {number}; save it as CSV in UTF-8")
        if line.strip():
            yield number, line.rstrip("\r\n")


def _with(first: tuple[int, str], others: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    yield first
    yield from others


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line; names may have quotation marks."""
    return next(csv.reader([line], delimiter=delimiter), [])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _label_column(header: Sequence[str], source: str) -> int:
    names = [name.strip().casefold() for name in header]
    found = [names.index(name) for name in LABELS if name in names]
    if not found:
        raise DataError(
            f"{source} has no column named label (or {', '.join(LABELS[2:])}); name the labels' column so. "
            "A table without labels cannot be learned from"
        )
    return found[0]


def _parse(
    block: Sequence[tuple[int, str]], column: int, columns: int, delimiter: str, source: str
) -> tuple[Array, list[str]]:
    """Some rows as pixels and labels. Pixels are uint8 if all are whole numbers from 0 to 255, else float32."""
    labels, rows = [], []
    for number, line in block:
        # Most rows have no quotation marks and the label at an end: they need not be split into cells.
        if '"' in line or 0 < column < columns - 1:
            cells = _cells(line, delimiter)
            count, label = len(cells), cells[column] if column < len(cells) else ""
            line = delimiter.join(cells[:column] + cells[column + 1 :])
        elif column == 0:
            count = line.count(delimiter) + 1
            label, _, line = line.partition(delimiter)
        else:
            count = line.count(delimiter) + 1
            line, _, label = line.rpartition(delimiter)
        if count != columns:
            raise DataError(f"{source} has {count:,} columns in line {number} and {columns:,} before; mend the table")
        if not 0 < len(label.strip()) <= MAX_NAME:
            raise DataError(f"{source} has no label, or a very long one, in line {number}; give every row a name")
        labels.append(label.strip())
        rows.append(line)
    try:
        values = np.loadtxt(rows, np.float32, comments=None, delimiter=delimiter, ndmin=2)
    except ValueError as error:
        found = re.search(r"at row (\d+)", str(error))
        number = block[min(int(found[1]), len(block) - 1)][0] if found else block[0][0]
        raise DataError(f"{source} has a pixel that is no number in line {number}; give 0 to 255") from None
    for (number, _), row in zip(block, values, strict=True):
        if not (row.min() >= 0 and row.max() <= WHITE):  # NaN gives False too
            raise DataError(f"{source} has a pixel outside 0 to 255 in line {number}; give numbers from 0 to 255")
    small = values.astype(np.uint8)
    return (small if (small == values).all() else values), labels


def _numbered(labels: list[str]) -> Array | list[str]:
    """The labels as numbers if all of them are numbers: 5 and 5.0 are the same class."""
    return np.array([*map(float, labels)]) if all(map(NUMBER.fullmatch, set(labels))) else labels


def _in_shape(pixels: Array, size: tuple[int, int] | None, source: str) -> Array:
    """Rows as (N, H, W), or as (N, 3, H, W) if they have three numbers for each pixel of the size."""
    count = pixels.shape[1]
    if size is None:
        side = square(count)
        if side is None and square(count - 1):
            raise DataError(
                f"{source} has a column besides the label and square pictures; remove it, or give --size H,W"
            )
        if side is None:
            hint = " or three numbers a pixel" if count % 3 == 0 and square(count // 3) else ""
            raise DataError(f"{source} has {count:,} pixels a row, no square picture; give its size{hint} (--size H,W)")
        size = (side, side)
    height, width = size
    if count == height * width:
        return pixels.reshape(-1, height, width)
    if count == 3 * height * width:
        return pixels.reshape(-1, height, width, 3).transpose(0, 3, 1, 2)
    raise DataError(f"{source} has {count:,} pixels a row, not {height} x {width} or three times as many")
