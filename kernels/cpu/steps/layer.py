"""A layer that has no kernels here: it runs by its own methods, next to steps that have."""

from collections.abc import Callable

import numpy as np

from fastcnn.kernels.cpu.products.geometry import Frame
from fastcnn.kernels.cpu.steps.base import Activation, Step
from fastcnn.kernels.shapes import Array
from fastcnn.kernels.steps import Call


class LayerStep(Step):
    """Copies pictures to the layout that everyone sees, calls the layer, and copies back.

    name, products : the layer's
    in_shape, out_shape : of one picture for the layer, (C, H, W) or (features,); in memory it may lie otherwise
    forward : (x, training) -> out, of n pictures
    backward : grad_out -> the gradient of x, or None where x needs none
    """

    def __init__(
        self, x: Activation, out: Activation, *, name: str, products: int, in_shape: tuple[int, ...],
        out_shape: tuple[int, ...], forward: Callable[[Array, bool], Array], backward: Callable[[Array], Array | None],
    ) -> None:  # fmt: skip
        super().__init__(x, out)
        self.name, self.products = name, products
        self._in_shape, self._out_shape = in_shape, out_shape
        self._layer_forward, self._layer_backward = forward, backward

    @property
    def gradient_products(self) -> int:
        return self.products * (1 if self.x.grad is None else 2)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return [(self._forward, (n, training))]

    def backward_calls(self, n: int) -> list[Call]:
        return [(self._backward, (n,))]

    def _forward(self, n: int, training: bool) -> None:
        x = _pictures(self.x.data, self.x.frame, n).copy("C").reshape(n, *self._in_shape)
        out = _pictures(self.out.data, self.out.frame, n)
        out[...] = self._layer_forward(x, training).reshape(out.shape)

    def _backward(self, n: int) -> None:
        grad_out = _pictures(self.out.grad, self.out.grad_frame, n).copy("C").reshape(n, *self._out_shape)
        grad_input = self._layer_backward(grad_out)
        if grad_input is not None:
            into = _pictures(self.x.grad, self.x.grad_frame, n)
            into[...] = grad_input.reshape(into.shape)


def _pictures(data: Array, frame: Frame, n: int) -> Array:
    """The first n pictures of an activation as (n, C, H, W), without the border; a view."""
    rows = data[: n * frame.image].reshape(n, frame.image // frame.row, frame.row // frame.channels, frame.channels)
    inside = rows[:, frame.top : frame.top + frame.height, frame.left : frame.left + frame.width]
    return np.moveaxis(inside, 3, 1)
