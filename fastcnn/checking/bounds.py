"""What a right answer is, for tests and benchmarks: a wrong one raises, and has no speed."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.errors import FastcnnError

# A right kernel's error stays below 2 eps times the sum of |x||w| over the terms of an output element, in any order of
# adding them and however far they cancel. 8 leaves room; a wrong term is off by about 1/eps.
BOUND = 8
# For the gradients of the paper's network: sums of up to 147,456 products in float32, each with an error of half an
# eps: 1.2e-7 * sqrt(147,456) / 2 is 2e-5 of what is added up, which may be a few times the result.
TOLERANCE = 1e-4


class WrongAnswerError(FastcnnError):
    """What was to be timed, or tested, computes something else."""


def _require_shape(name: str, actual: Array, expected: Array) -> None:
    if actual.shape != expected.shape:
        raise WrongAnswerError(f"{name}: the answer has the shape {actual.shape} and not {expected.shape}")


def _require_all(name: str, right: Any, actual: Array, expected: Array) -> None:
    if not right.all():
        at = tuple(map(int, np.argwhere(~right)[0]))
        raise WrongAnswerError(
            f"{name}: {(~right).sum()} of {right.size} values are wrong, the first at {at}: "
            f"{actual[at]} and not {expected[at]}"
        )


def require_equal(name: str, actual: Array, expected: Array) -> None:
    """Raise WrongAnswerError unless both are the same to the last bit; a NaN is wrong."""
    _require_shape(name, actual, expected)
    _require_all(name, actual == expected, actual, expected)


def require_within_bound(name: str, actual: Array, expected: Array, magnitude: Array) -> None:
    """Raise WrongAnswerError unless |actual - expected| <= 8 eps magnitude, element by element; a NaN is wrong.

    magnitude : the sum of the absolute values of all terms of each element; eps is that of actual's dtype
    """
    _require_shape(name, actual, expected)
    bound = BOUND * np.finfo(actual.dtype).eps * magnitude
    _require_all(name, np.abs(actual - expected) <= bound, actual, expected)


def share_of_bound(actual: Array, expected: Array, magnitude: Any) -> float:
    """The largest error in units of the bound of `require_within_bound`; infinite for a NaN or another shape."""
    if actual.shape != expected.shape:
        return inf
    bound = np.broadcast_to(BOUND * np.finfo(actual.dtype).eps * magnitude, actual.shape)
    error = np.abs(actual - expected)
    wrong = ~(error <= bound)  # a NaN is wrong too
    if not wrong.any():
        return float((error[bound > 0] / bound[bound > 0]).max(initial=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = error[wrong] / bound[wrong]
    return float(np.where(np.isnan(shares), inf, shares).max())


def require_close(name: str, actual: Array, expected: Array, tolerance: float) -> None:
    """Raise WrongAnswerError unless |actual - expected| <= tolerance * the largest |expected|."""
    _require_shape(name, actual, expected)
    error, limit = np.abs(actual - expected).max(), tolerance * np.abs(expected).max()
    if not error <= limit:  # a NaN is wrong too
        raise WrongAnswerError(f"{name}: the answer is off by {error:.3g}, where {limit:.3g} is allowed")
