"""Arrays between fastcnn's public layout and NHWC, which TensorFlow and JAX compute fastest in on a CPU."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fastcnn.arrays import Array
from fastcnn.bench.rivals.operations import Operation, State, walk


def pictures(images: Array) -> Array:
    """(N, C, H, W) as (N, H, W, C)."""
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))


def _images(found: Iterable[Operation]) -> dict[str, tuple[int, int, int]]:
    """The (C, H, W) that the rows of an Affine's weight stand for, by the weight's name."""
    return {f"{each['name']}.weight": each["image"] for each in walk(found) if each.get("image")}


def to_theirs(found: Iterable[Operation], state: State) -> dict[str, Array]:
    """All arrays of a network: convolutions as (R, S, C, K), and rows of an Affine in the order (H, W, C)."""
    images = _images(found)
    arrays = {}
    for name, value in state.items():
        if value.ndim == 4:
            value = value.transpose(2, 3, 1, 0)
        elif name in images:
            value = value.reshape(*images[name], -1).transpose(1, 2, 0, 3).reshape(value.shape)
        arrays[name] = np.ascontiguousarray(value)
    return arrays


def to_ours(found: Iterable[Operation], gradients: dict[str, Array]) -> dict[str, Array]:
    """The way back, for gradients."""
    images = _images(found)
    arrays = {}
    for name, value in gradients.items():
        if value.ndim == 4:
            value = value.transpose(3, 2, 0, 1)
        elif name in images:
            c, h, w = images[name]
            value = value.reshape(h, w, c, -1).transpose(2, 0, 1, 3).reshape(value.shape)
        arrays[name] = np.ascontiguousarray(value)
    return arrays
