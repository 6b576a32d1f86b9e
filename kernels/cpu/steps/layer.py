"""A layer without kernels. It runs by its own methods."""

import numpy as np

from fastcnn.kernels import steps
from fastcnn.kernels.cpu.products.geometry import Frame
from fastcnn.kernels.cpu.steps.base import Step
from fastcnn.kernels.shapes import Array


class LayerStep(steps.LayerStep, Step):
    """The layer uses the network's own arrays; only pictures are copied."""

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
    """The first n pictures of an activation as (n, C, H, W), without the border, as a view."""
    rows = data[: n * frame.image].reshape(n, frame.image // frame.row, frame.row // frame.channels, frame.channels)
    inside = rows[:, frame.top : frame.top + frame.height, frame.left : frame.left + frame.width]
    return np.moveaxis(inside, 3, 1)
