"""Gradients scaled down to a largest norm."""

from math import isfinite, sqrt

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_positive
from fastcnn.optim.optimizers import check_flat

# Gradients are squared and summed in float64, in blocks of this many elements, one block after the other. So the bits
# are the same at any number of threads.
NORM_BLOCK = 1 << 16


def clip_gradients(gradients: Array, max_norm: float) -> float:
    """Scale gradients in place so that their Euclidean norm is at most max_norm.

    Parameters
    ----------
    gradients : (length,) float32 or float64
    max_norm : greater than 0

    Returns
    -------
    The norm before, summed in float64 in fixed blocks. If it is not finite, the gradients stay as they are: no scale
    makes them finite, and the caller should stop.
    """
    check_flat("gradients", gradients)
    limit = check_positive("max_norm", max_norm)
    total = 0.0
    for start in range(0, gradients.size, NORM_BLOCK):
        block = gradients[start : start + NORM_BLOCK].astype(np.float64)
        with np.errstate(over="ignore"):
            total += float(np.square(block, out=block).sum())
    norm = sqrt(total)
    if isfinite(norm) and norm > limit:
        gradients *= gradients.dtype.type(limit / norm)
    return norm
