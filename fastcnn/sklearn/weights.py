"""Samples and their weights. Equal samples become one, so a weight of 2 is the same as a sample that is given twice."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from fastcnn.arrays import Array

DIGEST_BYTES = 16


def distinct(X: Array, y: Array, sample_weight: Any) -> tuple[Array, Array, Array | None]:
    """Each different sample once, in an order that only the samples decide.

    Parameters
    ----------
    X : (n, features)
    y : (n,) or (n, outputs)
    sample_weight : (n,) numbers, at least 0; one number for all; or None. A sample of weight 0 is left out

    Returns
    -------
    X and y of the different samples, and for each the sum of its weights, (m,) float64; None where all sums are equal

    Raises
    ------
    ValueError
        If a weight is less than 0 or not finite, all are 0, or there are more or fewer weights than samples.
    """
    weights = None
    if sample_weight is not None:
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        used = weights > 0
        if not used.any():
            raise ValueError("sample_weight must be more than zero for one sample at least")
        X, y, weights = X[used], y[used], weights[used]
    targets = np.unique(y, return_inverse=True)[1].reshape(len(y), -1)  # labels of any kind as numbers
    keys = [
        blake2b(row.tobytes() + target.tobytes(), digest_size=DIGEST_BYTES).hexdigest()
        for row, target in zip(X, targets, strict=True)
    ]
    _, first, sample = np.unique(keys, return_index=True, return_inverse=True)
    sums: Array = np.bincount(sample, weights)
    return X[first], y[first], None if (sums == sums[0]).all() else sums


def mean_and_deviation(numbers: Array, weights: Array | None, unit: float = 1.0) -> tuple[Array, Array]:
    """The mean and the standard deviation over the samples; a deviation of 0 becomes the unit.

    numbers : (n, groups, values in a group) or (n, groups)
    weights : (n,), or None where all are equal
    """
    rest = tuple(range(2, numbers.ndim))
    mean = np.average(numbers.mean(axis=rest, dtype=np.float64), axis=0, weights=weights)
    squares = np.square(numbers - np.expand_dims(mean, tuple(axis - 1 for axis in rest)))
    deviation = np.sqrt(np.average(squares.mean(axis=rest), axis=0, weights=weights))
    return mean, np.where(deviation == 0, unit, deviation)
