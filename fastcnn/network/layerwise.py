"""A network layer by layer, by the layers' own methods: what `plan` does in fused steps, and the definition of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.layers.base import Layer
from fastcnn.layers.running import run_backward, run_backward_lowest, run_forward


def scaled(images: Array, dtype: np.dtype[Any]) -> Array:
    """Pictures in the network's dtype: bytes divided by 255, floats as they are."""
    if images.dtype == np.uint8:
        return np.divide(images, 255, dtype=dtype)
    with np.errstate(over="ignore"):  # the network looks at what comes out
        return images.astype(dtype, copy=False)


def logits_of(layers: Sequence[Layer], x: Array) -> Array:
    """The logits of pictures in the network's dtype, in inference mode."""
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
