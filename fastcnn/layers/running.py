"""Runs one layer by its own methods, and holds it to its shapes.

A wrong shape that a user's layer gives becomes one sentence here, and not a strange number later.
"""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.values import kind_of
from fastcnn.layers.base import Layer


def run_forward(layer: Layer, x: Array, training: bool) -> Array:
    """The layer's `forward`; TypeError or ValueError unless that gives numbers (N, *out_shape).

    What is not finite passes without a warning outside a training: the network looks at what comes out.
    """
    with nullcontext() if training else np.errstate(over="ignore", invalid="ignore"):
        out = layer.forward(x, training)
    return _checked(layer, "forward", out, (len(x), *layer.out_shape), x)


def run_backward(layer: Layer, grad_out: Array) -> Array:
    """The layer's `backward`; TypeError or ValueError unless that gives numbers (N, *in_shape)."""
    return _checked(layer, "backward", layer.backward(grad_out), (len(grad_out), *layer.in_shape), grad_out)


def run_backward_lowest(layer: Layer, grad_out: Array) -> None:
    """The gradients of the parameters alone: by `backward_parameters`, unless a subclass changed only `backward`."""
    kind = next(each for each in type(layer).__mro__ if {"backward", "backward_parameters"} & vars(each).keys())
    if "backward_parameters" in vars(kind):
        layer.backward_parameters(grad_out)
    else:
        run_backward(layer, grad_out)


def _checked(layer: Layer, method: str, array: Array, shape: tuple[int, ...], given: Array) -> Array:
    """What a method gave, in the dtype of what it was given."""
    who = f"layer {layer.name} ({type(layer).__name__}): {method}"
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        raise TypeError(f"{who} must give an array of numbers, not {kind_of(array)}")
    if array.shape != shape:
        raise ValueError(f"{who} must give the shape {shape}, not {array.shape}")
    return array.astype(given.dtype, copy=False)
