"""Run a network layer by layer, by the layers' own methods. This defines what the fused steps of `plan` compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.layers.base import Layer
from fastcnn.layers.running import run_backward, run_backward_lowest, run_forward


def scaled(images: Array, dtype: np.dtype[Any]) -> Array:
    """Pictures in the network's dtype: bytes are divided by 255, floats are not scaled."""
    if images.dtype == np.uint8:
        return np.divide(images, 255, dtype=dtype)
    with np.errstate(over="ignore"):  # the network checks the result
        return images.astype(dtype, copy=False)


def logits_of(layers: Sequence[Layer], x: Array) -> Array:
    """The logits of pictures in the network's dtype, in inference mode."""
    for layer in layers:
        x = run_forward(layer, x, False)
    return x


def loss_and_gradients(
    layers: Sequence[Layer], lowest: int, x: Array, loss_of: Callable[[Array], tuple[float, Array]], step: int
) -> float:
    """The mean loss of one batch. Writes the gradients of the parameters.

    lowest : the lowest layer that has parameters
    loss_of : gives the loss of the outputs, and its gradient
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
