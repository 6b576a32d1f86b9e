"""Running a call on a named backend, and what its answer is held to."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from fastcnn import kernels
from fastcnn.checking.calls import Call
from fastcnn.kernels import backends


@contextmanager
def running(name: str) -> Iterator[None]:
    """Use a backend, then go back to the one before."""
    before = backends._chosen
    kernels.use(name)
    try:
        yield
    finally:
        backends._chosen = before


def doubled(array: np.ndarray) -> np.ndarray:
    return array if array.dtype == np.int64 else array.astype(np.float64)


def in_float64(call: Call) -> np.ndarray:
    """The reference's answer to the same numbers in float64."""
    with running("reference"):
        return call.with_arrays(doubled)()


def magnitude(call: Call) -> np.ndarray:
    """The sum of the absolute values of all terms of each output element, in float64."""
    with running("reference"):
        return call.with_arrays(lambda array: np.abs(doubled(array)))()
