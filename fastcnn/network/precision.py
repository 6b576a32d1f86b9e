"""The precision of a network: in which numbers it multiplies. Its parameters and files are float32 in each."""

from typing import Any

import numpy as np

from fastcnn.errors import FastcnnError
from fastcnn.kernels.precision import FLOAT32, PRECISIONS, steps_in
from fastcnn.kernels.protocols import Steps
from fastcnn.kernels.values import shown


def check_precision(precision: object, dtype: np.dtype[Any], has_steps: bool) -> str:
    """The precision; TypeError or ValueError unless a network can have it, FastcnnError if this machine cannot.

    dtype : of the network
    has_steps : whether a backend's steps can run it
    """
    if not isinstance(precision, str):
        raise TypeError(f"precision must be a text such as 'bfloat16', not {shown(precision)}")
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, not {shown(precision)}")
    if precision != FLOAT32:
        if dtype != np.float32:
            raise ValueError(f"precision {precision} is for a network of dtype float32, not {dtype}")
        if not has_steps:
            raise ValueError(f"precision {precision} is for a network that ends in Affine or GlobalAvgPool")
        steps_of(precision)
    return str(precision)


def steps_of(precision: str) -> Steps | None:
    """The fused steps of the backend in use; FastcnnError, in one sentence, if it has none in this precision."""
    try:
        return steps_in(precision)
    except RuntimeError as error:
        if precision == FLOAT32:
            raise
        raise FastcnnError(
            "precision {precision} is not for this machine: {detail}; use float32", precision=precision, detail=error
        ) from None
