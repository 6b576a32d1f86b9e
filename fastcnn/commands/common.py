"""Code that the commands share: preparation, threads, files of a dataset, options without effect, the printed result.

Each command imports what it needs when it runs. `predict` must end within a second, so it imports neither rich nor the
datasets.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fastcnn.commands.memory_limit import check_memory
from fastcnn.errors import UsageError

if TYPE_CHECKING:
    from fastcnn.metrics import Evaluation
    from fastcnn.network.committee import Network


def prepare(args: argparse.Namespace) -> None:
    """Check memory, threads and backend before a command computes anything."""
    check_memory()
    set_threads_of(args)
    from fastcnn import kernels

    if getattr(args, "backend", None) is not None:
        kernels.use(args.backend)
    kernels.backend()
    if getattr(args, "precision", None) is not None:
        from fastcnn.network.precision import steps_of

        steps_of(args.precision)


def set_precision(network: Network, precision: str | None) -> None:
    """Give a network, or all members of a committee, the precision of --precision, if that was given."""
    if precision is not None:
        for member in getattr(network, "members", [network]):
            member.precision = precision


def say_of(path: str, error: BaseException) -> str:
    """Say in one line why a picture file among others has no answer, and return that sentence."""
    said = " ".join(str(error).split()) or "there is not enough memory"
    name = " ".join(path.split()) or repr(path)  # a name may have several lines, or nothing to be seen
    said = said if name in said else f"{name}: {said}"
    logging.getLogger("fastcnn").error("%s", said)
    return said


def set_threads_of(args: argparse.Namespace) -> None:
    if args.threads is not None:
        from fastcnn.kernels.threads import set_threads

        try:
            set_threads(args.threads)
        except ValueError as error:
            raise UsageError(f"--{error}") from None


def data_files(data_dir: str | None) -> list[Path]:
    """The files that --data-dir means, plain and compressed."""
    from fastcnn.data.datasets import MNIST_FILES

    if data_dir is None:
        return []
    return [Path(data_dir) / each for name in MNIST_FILES for each in (name, name.removesuffix(".gz"))]


def own_data_files(args: argparse.Namespace) -> list[str]:
    """The files that the options of own data name."""
    given = [getattr(args, name, None) for name in ("data", "validation", "network", "labels")]
    return [path for path in given if path is not None and os.path.exists(path)]


def pair_of_size(text: str | None) -> tuple[int, int] | None:
    """(H, W) of what --size says."""
    if text is None:
        return None
    height, _, width = text.partition(",")
    return int(height), int(width or height)


def refuse(mode: str, **options: object) -> None:
    """UsageError for an option that was given but has no effect in this mode."""
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"--{name.replace('_', '-')} has no effect {mode}; leave it out")


def print_result(title: str, result: Evaluation, classes: Sequence[str] | None = None, part: str = "test") -> None:
    """What a network scored, under a title; `classes` are the names of what are no digits, `part` what it read."""
    from fastcnn.commands.report import print_evaluation

    print(title)
    print_evaluation(result, classes, part)
