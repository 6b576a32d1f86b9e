"""Run one layer by its own methods, and check the shapes of its results.

If a user's layer returns a wrong shape, an error says so here. Without this check a later result would be wrong.
"""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.values import kind_of
from fastcnn.layers.base import Layer


def run_forward(layer: Layer, x: Array, training: bool) -> Array:
    """The layer's `forward`; TypeError or ValueError unless it returns numbers (N, *out_shape).

    Outside a training, values that are not finite cause no warning here: the network checks the final output.
    """
    with nullcontext() if training else np.errstate(over="ignore", invalid="ignore"):
        out = layer.forward(x, training)
    return _checked(layer, "forward", out, (len(x), *layer.out_shape), x)


def run_backward(layer: Layer, grad_out: Array) -> Array:
    """The layer's `backward`; TypeError or ValueError unless it returns numbers (N, *in_shape)."""
    return _checked(layer, "backward", layer.backward(grad_out), (len(grad_out), *layer.in_shape), grad_out)


def run_backward_lowest(layer: Layer, grad_out: Array) -> None:
    """Only the gradients of the parameters: by `backward_parameters`, unless a subclass overrides only `backward`."""
    kind = next(each for each in type(layer).__mro__ if {"backward", "backward_parameters"} & vars(each).keys())
    if "backward_parameters" in vars(kind):
        layer.backward_parameters(grad_out)
    else:
        run_backward(layer, grad_out)


def _checked(layer: Layer, method: str, array: Array, shape: tuple[int, ...], given: Array) -> Array:
    """The result of a method, checked, in the dtype of its argument."""
    who = f"layer {layer.name} ({type(layer).__name__}): {method}"
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        raise TypeError(f"{who} must give an array of numbers, not {kind_of(array)}")
    if array.shape != shape:
        raise ValueError(f"{who} must give the shape {shape}, not {array.shape}")
    return array.astype(given.dtype, copy=False)
