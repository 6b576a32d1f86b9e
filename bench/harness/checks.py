"""Checks before any timing: the speed of a wrong answer means nothing."""

from __future__ import annotations

import numpy as np

from fastcnn.arrays import Array
from fastcnn.errors import FastcnnError


class WrongAnswerError(FastcnnError):
    """The code to be timed gives a wrong answer."""


def whole_numbers(rng: np.random.Generator, shape: tuple[int, ...], limit: int = 3) -> Array:
    """Small whole numbers in float32. Every sum of their products is exact, in any order.

    Up to 1.8 million products of two such numbers stay below 2**24. Up to there float32 has all whole numbers.
    """
    return rng.integers(-limit, limit + 1, shape).astype(np.float32)


def _require_shape(name: str, actual: Array, expected: Array) -> None:
    if actual.shape != expected.shape:
        raise WrongAnswerError(f"{name}: the answer has the shape {actual.shape} and not {expected.shape}")


def require_equal(name: str, actual: Array, expected: Array) -> None:
    """Raise WrongAnswerError unless both have the same bits."""
    _require_shape(name, actual, expected)
    wrong = ~(actual == expected)  # a NaN is wrong too
    if wrong.any():
        at = tuple(map(int, np.argwhere(wrong)[0]))
        raise WrongAnswerError(
            f"{name}: {wrong.sum()} of {wrong.size} values are wrong, the first at {at}: "
            f"{actual[at]} and not {expected[at]}"
        )


def require_close(name: str, actual: Array, expected: Array, tolerance: float) -> None:
    """Raise WrongAnswerError unless |actual - expected| <= tolerance * the largest |expected|."""
    _require_shape(name, actual, expected)
    error, limit = np.abs(actual - expected).max(), tolerance * np.abs(expected).max()
    if not error <= limit:  # a NaN is wrong too
        raise WrongAnswerError(f"{name}: the answer is off by {error:.3g}, where {limit:.3g} is allowed")
