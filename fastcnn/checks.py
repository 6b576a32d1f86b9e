"""Checks of arguments. Each returns the value in one form, or raises an error with one sentence that names it."""

import os
from math import inf, isfinite
from pathlib import Path

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.values import is_array, kind_of, shown


def check_number(name: str, value: object) -> float:
    """The number as a Python float; TypeError unless it is a real number, ValueError unless it is finite."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        found = shown(value) if isinstance(value, np.ndarray) else kind_of(value)
        raise TypeError(f"{name} must be a number, not {found}")
    try:
        number = float(value)
    except OverflowError:  # an int that float64 cannot hold
        number = inf
    if not isfinite(number):
        raise ValueError(f"{name} must be finite, not {number}")
    return number


def check_positive(name: str, value: object) -> float:
    """Like `check_number`, and greater than 0."""
    number = check_number(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be greater than 0, not {number}")
    return number


def check_nonnegative(name: str, value: object) -> float:
    """Like `check_number`, and at least 0."""
    number = check_number(name, value)
    if number < 0:
        raise ValueError(f"{name} must be at least 0, not {number}")
    return number


def check_fraction(name: str, value: object) -> float:
    """Like `check_number`, and in [0, 1)."""
    number = check_number(name, value)
    if not 0 <= number < 1:
        raise ValueError(f"{name} must be at least 0 and less than 1, not {number}")
    return number


def check_flag(name: str, value: object) -> bool:
    """The value; TypeError unless it is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, not {shown(value)}")
    return bool(value)


def check_path(name: str, value: object) -> Path:
    """The value as a Path; TypeError unless it is a str or path-like."""
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} must be a path as str or Path, not {shown(value)}")
    return Path(value)


def check_labels(labels: Array, count: int, classes: int, name: str = "labels") -> None:
    """Raise an error unless labels is a (count,) integer array with values from 0 to classes - 1."""
    if not is_array(labels) or labels.dtype.kind not in "iu":
        raise TypeError(f"{name} must be an integer array, not {kind_of(labels)}")
    if labels.shape != (count,):
        raise ValueError(f"{name} must have the shape ({count},), one for each image, not {labels.shape}")
    if count and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(f"{name} must lie in 0 to {classes - 1}, but range from {labels.min()} to {labels.max()}")
