"""Checks of numbers that users give: each returns a Python float or raises with one sentence that names the number."""

from math import inf, isfinite

import numpy as np


def check_number(name: str, value: object) -> float:
    """The number as a Python float; TypeError unless it is a real number, ValueError unless it is finite."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    try:
        number = float(value)
    except OverflowError:  # an int beyond float64
        number = inf
    if not isfinite(number):
        raise ValueError(f"{name} must be finite, not {number}")
    return number


def check_positive(name: str, value: object) -> float:
    """As `check_number`, and greater than 0."""
    number = check_number(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be greater than 0, not {number}")
    return number


def check_nonnegative(name: str, value: object) -> float:
    """As `check_number`, and at least 0."""
    number = check_number(name, value)
    if number < 0:
        raise ValueError(f"{name} must be at least 0, not {number}")
    return number


def check_fraction(name: str, value: object) -> float:
    """As `check_number`, and in [0, 1)."""
    number = check_number(name, value)
    if not 0 <= number < 1:
        raise ValueError(f"{name} must be at least 0 and less than 1, not {number}")
    return number
