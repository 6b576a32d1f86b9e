"""Find out whether this program wrote a file. The content decides, because any file may have the name.

An empty file may be replaced too.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_RESULT_BYTES = 200_000_000  # a larger JSON file is not read, and so not replaced
MAX_HEADER_BYTES = 1 << 24  # of a safetensors file
# The keys that identify the JSON of a command. A file may hold one result, a list of them, or a dict of them.
RESULT_KEYS: tuple[frozenset[str], ...] = (
    frozenset({"model", "test_accuracy", "mean_confidence", "per_digit_accuracy"}),  # train, evaluate
    frozenset({"image", "digit", "confidence", "probabilities"}),  # predict
    frozenset({"image", "string", "digits"}),  # predict --string
    frozenset({"image", "text", "lines"}),  # read
    frozenset({"mode", "groups", "digits", "paper_mistake"}),  # experiment
    frozenset({"fastcnn", "python", "backends"}),  # info
    frozenset({"passed", "kernels", "misses"}),  # check
    frozenset({"benchmark", "machine", "result"}),  # bench
    frozenset({"benchmark", "rows"}),  # bench --backend cuda
    frozenset({"profile", "steps"}),  # profile
)
LOG_COLUMNS = (
    "epoch", "loss", "validation_loss", "validation_accuracy", "is_best", "lr", "images", "train_s", "elapsed_s",
)  # fmt: skip
ONNX_MARK = b"\x12\x07fastcnn"  # the producer, as the second field of the file
FIGURE_MARK = "fastcnn"  # what a figure's PNG gives as the software that made it


def _is_result(path: Path) -> bool:
    if path.stat().st_size > MAX_RESULT_BYTES:
        return False
    content = json.loads(path.read_bytes())
    return _has_keys([content]) or _has_keys(content) or (isinstance(content, dict) and _has_keys([*content.values()]))


def _has_keys(rows: Any) -> bool:
    return (
        isinstance(rows, list)
        and bool(rows)
        and all(isinstance(row, dict) and any(keys <= set(row) for keys in RESULT_KEYS) for row in rows)
    )


def _format_of(path: Path) -> str:
    """The format in the metadata of a safetensors file, or "" if there is none."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size)) if size <= MAX_HEADER_BYTES else {}
    return str(header.get("__metadata__", {}).get("format", ""))


def _is_onnx(path: Path) -> bool:
    with path.open("rb") as file:
        return ONNX_MARK in file.read(64)


def _is_figure(path: Path) -> bool:
    from PIL import Image

    with Image.open(path, formats=["PNG"]) as image:
        return image.info.get("Software") == FIGURE_MARK


def _columns(path: Path) -> tuple[str, ...]:
    """The names in the first line of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(next(csv.reader(file), []))


def _is_table(path: Path) -> bool:
    """Whether it is the CSV file of a figure."""
    columns = set(_columns(path))
    return columns >= {"name", "count", "right", "accuracy"} or columns >= {"whose", "truth", "answer"}


def _is_page(path: Path) -> bool:
    """Whether it is the page in a folder of `bench`."""
    with path.open(encoding="utf-8") as file:
        return "Written by `python -m bench`" in file.read(200)


def _is_plot(path: Path) -> bool:
    """Whether it is a plot of `bench`: the page in its folder shows it."""
    page = path.with_name("README.md")
    return page.is_file() and _is_page(page)


@dataclass(frozen=True)
class Kind:
    """A kind of output: its name in a sentence, and how to recognise a file of this kind."""

    name: str
    is_in: Callable[[Path], bool]

    def may_replace(self, path: Path) -> bool:
        """Whether the file is empty, or is of this kind and written by this program."""
        try:
            return path.stat().st_size == 0 or self.is_in(path)
        except (OSError, ValueError, AttributeError, RecursionError, MemoryError, csv.Error):  # it is another file
            return False


RESULT = Kind("result", _is_result)
NETWORK = Kind("network", lambda path: _format_of(path).startswith(("fastcnn network ", "fastcnn committee ")))
ONNX = Kind("ONNX file", _is_onnx)
CHECKPOINT = Kind("checkpoint", lambda path: _format_of(path).startswith("fastcnn checkpoint "))
FIGURE = Kind("figure", _is_figure)
TABLE = Kind("table", _is_table)
LOG = Kind("log", lambda path: _columns(path) == LOG_COLUMNS)  # the table of a training's epochs
PAGE = Kind("page", _is_page)
PLOT = Kind("plot", _is_plot)
