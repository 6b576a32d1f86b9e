"""MNIST batch by batch, as in a training.

With the same batch every time, gradients would become denormal numbers. These are slow and would spoil the comparison.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np

from fastcnn.arrays import Array


def training_pictures() -> tuple[Array, Array]:
    """MNIST's training pictures, uint8, and their labels."""
    from fastcnn import load_mnist

    (images, labels), _ = load_mnist(normalize=False)
    return images, labels


def scaled(images: Array) -> Array:
    """uint8 pictures as float32 in [0, 1]."""
    return np.divide(images, 255, dtype=np.float32)


def over_batches(step: Callable[[Any, Any], Any], images: Any, labels: Any, batch: int) -> Callable[[], Any]:
    """A call that gives the step the next batch each time. After the last batch it begins again."""
    starts = cycle(range(0, len(images) - batch + 1, batch))

    def call() -> Any:
        start = next(starts)
        return step(images[start : start + batch], labels[start : start + batch])

    return call


def compiler() -> str:
    """Path of the C++ compiler that torch.compile needs, or "" if there is none."""
    return shutil.which("g++") or shutil.which("clang++") or ""
