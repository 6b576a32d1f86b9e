"""A network layer by layer, by the layers' own methods: what `plan` does in fused steps, and the definition of it.

A user's layer is held to its shapes here, so that a wrong one is a sentence and not a strange number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.values import kind_of
from fastcnn.layers.base import Layer


def scaled(images: Array, dtype: np.dtype[Any]) -> Array:
    """Pictures in the network's dtype: bytes divided by 255, floats as they are."""
    if images.dtype == np.uint8:
        return np.divide(images, 255, dtype=dtype)
    with np.errstate(over="ignore"):  # the network looks at what comes out
        return images.astype(dtype, copy=False)


def logits_of(layers: Sequence[Layer], x: Array) -> Array:
    """The logits of pictures in the network's dtype, in inference mode."""
    with np.errstate(over="ignore", invalid="ignore"):
        for layer in layers:
            x = run_forward(layer, x, False)
    return x


def loss_and_gradients(
    layers: Sequence[Layer], lowest: int, x: Array, loss_of: Callable[[Array], tuple[float, Array]], step: int
) -> float:
    """The mean loss of one batch; fills the gradients of the parameters.

    lowest : the lowest layer that has parameters
    loss_of : the outputs' loss and its gradient
    """
    for layer in layers:
        layer.step = step
        x = run_forward(layer, x, True)
    loss, grad = loss_of(x)
    for layer in reversed(layers[lowest + 1 :]):
        grad = run_backward(layer, grad)
    if lowest < len(layers):
        run_backward_lowest(layers[lowest], grad)
    for layer in layers:
        layer.forget()
    return loss


def run_forward(layer: Layer, x: Array, training: bool) -> Array:
    """The layer's `forward`; TypeError or ValueError unless that gives numbers (N, *out_shape)."""
    return _checked(layer, "forward", layer.forward(x, training), (len(x), *layer.out_shape), x)


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
    who = f"layer {layer.index} ({type(layer).__name__}): {method}"
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        raise TypeError(f"{who} must give an array of numbers, not {kind_of(array)}")
    if array.shape != shape:
        raise ValueError(f"{who} must give the shape {shape}, not {array.shape}")
    return array.astype(given.dtype, copy=False)
