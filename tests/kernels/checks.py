"""Running a call on a named backend, and the bound that its answer must keep."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from fastcnn import kernels
from fastcnn.kernels import backends
from tests.kernels.cases import Call

# A right kernel's error stays below 2 eps times the sum of |x||w| over the terms of an output element, in any order of
# adding them and however far they cancel. 8 leaves room; a wrong term is off by about 1/eps.
BOUND = 8


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


def assert_within_bound(actual: np.ndarray, expected: np.ndarray, magnitude: np.ndarray, name: str = "") -> None:
    """|error| <= 8 eps magnitude, element by element; eps is that of actual's dtype."""
    assert actual.shape == expected.shape, name
    bound = BOUND * np.finfo(actual.dtype).eps * magnitude
    wrong = ~(np.abs(actual - expected) <= bound)  # a NaN is wrong too
    first = tuple(map(int, np.argwhere(wrong)[0])) if wrong.any() else ()
    assert not wrong.any(), (
        f"{name}: {wrong.sum()} of {wrong.size} wrong, the first at {first}: {actual[first]} and not {expected[first]}"
    )
