"""All that the table of a check calls, in the check's order: its cases, with dtypes and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checking.calls import Call, Draw, convolution_calls, pooling_calls
from fastcnn.checking.cases import CORNERS, GROUPED, LAYERS, POOL_CORNERS, POOLS, Convolution, Pooling

Dtype = type[np.floating[Any]]
DTYPES: tuple[Dtype, ...] = (np.float32, np.float64)
PICTURES = 2  # of a real network's shape
MOST_FLOP = 5e7


def table() -> Iterator[tuple[Convolution | Pooling, Dtype]]:
    """The corners in both dtypes, and real networks' shapes in that of most networks."""
    for corner in (*CORNERS, *POOL_CORNERS):
        for dtype in DTYPES:
            yield corner, dtype
    for real in (*LAYERS, *GROUPED, *POOLS):
        case = real.with_batch(PICTURES)
        if isinstance(case, Pooling) or case.flop <= MOST_FLOP:
            yield case, np.float32


def calls(case: Convolution | Pooling, rng: np.random.Generator, dtype: Dtype) -> dict[str, Call]:
    """All kernels on one case, by name."""
    if isinstance(case, Pooling):
        return pooling_calls(case, partial(_hard_pixels, rng, dtype), rng)
    normal: Draw = lambda shape: rng.standard_normal(shape).astype(dtype)  # noqa: E731
    return convolution_calls(case, normal)


def _hard_pixels(rng: np.random.Generator, dtype: Dtype, shape: tuple[int, ...]) -> Array:
    """Few different values, hence many ties, and now and then a NaN or an infinity."""
    values = np.array([-2, -1, -0.0, 0, 1, 2] * 8 + [np.nan, np.inf, -np.inf], dtype)
    return rng.choice(values, shape)
