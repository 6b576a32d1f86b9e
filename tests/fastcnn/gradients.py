"""Central finite differences in float64, to hold gradients to."""

from collections.abc import Callable

import numpy as np

# The cube root of eps balances truncation (step squared) against rounding (eps over step); what is left of either is
# about step squared, 4e-11, times third derivatives of order 1 to 100 here.
STEP = 6e-6
TOLERANCE = 1e-8


def numerical_gradient(function: Callable[[], float], array: np.ndarray) -> np.ndarray:
    """The gradient of function() with respect to array, which it reads; array is changed and put back."""
    assert array.dtype == np.float64
    gradient = np.empty(array.shape)
    for index in np.ndindex(array.shape):
        before = array[index]
        array[index] = before + STEP
        above = function()
        array[index] = before - STEP
        below = function()
        array[index] = before
        gradient[index] = (above - below) / (2 * STEP)
    return gradient


def assert_gradient(actual: np.ndarray, expected: np.ndarray) -> None:
    """Equal to within the differences' own error, relative to the largest component."""
    assert actual.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max()))
    error = np.abs(actual - expected).max()
    assert error <= TOLERANCE * scale, f"gradient is off by {error:.2e}, scale {scale:.2e}"
