"""The kernels that no case of the table calls: the optimizers' rules, and the changes of pictures for training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checking.table import DTYPES
from fastcnn.optim.optimizers import KINDS, Optimizer
from fastcnn.training.augment import Augmentation

LENGTHS = (1, 37, 5003, 100_003)  # not a whole number of vectors; the last is shared by threads
STEPS = 3
PLANES = ((7, 9), (28, 28), (33, 40))

Named = tuple[str, str, Callable[[], tuple[Array, ...]]]


def other_calls(rng: np.random.Generator) -> Iterator[Named]:
    """The kernel, what it is called with, and the call, which gives the same bits on each backend."""
    for kind in KINDS.values():
        for dtype in DTYPES:
            for length in LENGTHS:
                arrays = [rng.standard_normal(length).astype(dtype) for _ in range(1 + STEPS)]
                told = f"{kind.__name__}, {STEPS} steps, values ({length},), {np.dtype(dtype)}"
                yield f"update {kind.RULE}", told, partial(_updated, kind, arrays)
    change = Augmentation(turn_deg=20, scale=0.2, shift_px=2.5, stroke=1.0)
    for height, width in PLANES:
        images = rng.integers(0, 256, (9, 1, height, width), np.uint8)
        yield "augment", f"images {images.shape}, {images.dtype}", partial(_changed, change, images)


def _updated(kind: Callable[[float], Optimizer], arrays: list[Array]) -> tuple[Array, ...]:
    optimizer, values = kind(0.01), arrays[0].copy()
    for gradients in arrays[1:]:
        optimizer.update(values, gradients)
    return (values, *optimizer.state_arrays().values())


def _changed(change: Augmentation, images: Array) -> tuple[Array, ...]:
    out = np.empty_like(images)
    change.apply(images, np.arange(len(images)), seed=1, epoch=2, out=out)
    return (out,)
