"""A layer without kernels for the GPU. It runs on the host by its own methods; other steps run on the GPU."""

import numpy as np

from fastcnn.kernels import steps
from fastcnn.kernels.cuda.steps.base import Activation, Step
from fastcnn.kernels.cuda.steps.residence import resident
from fastcnn.kernels.cuda.toolchain.memory import DeviceArray, download, fill
from fastcnn.kernels.shapes import Array


class LayerStep(steps.LayerStep, Step):
    """Pictures and the layer's parameters are copied to the host. What the layer computes or changes is copied back.

    Each copy waits for the kernels that were queued before it.
    """

    def _forward(self, n: int, training: bool) -> None:
        for window in self.parameters.values():
            window[...] = download(resident(window), window.shape)
        x = _pictures(self.x.data, self.x, n).reshape(n, *self._in_shape)
        _put(self.out.data, self.out, self._layer_forward(x, training))
        if training:
            for name, window in self.parameters.items():
                if name not in self.gradients:  # a buffer, which forward may change
                    fill(resident(window), window)

    def _backward(self, n: int) -> None:
        grad_out = _pictures(self.out.grad, self.out, n).reshape(n, *self._out_shape)
        grad_input = self._layer_backward(grad_out)
        if grad_input is not None:
            _put(self.x.grad, self.x, grad_input)
        for window in self.gradients.values():
            fill(resident(window), window)


def _pictures(data: DeviceArray, layout: Activation, n: int) -> Array:
    """The first n pictures of an activation on the host, as (n, C, H, W)."""
    rows = download(data, (n, layout.height, layout.width, layout.channels))
    return np.ascontiguousarray(np.moveaxis(rows, 3, 1))


def _put(data: DeviceArray, layout: Activation, pictures: Array) -> None:
    """Copy the layer's pictures into an activation."""
    images = pictures.reshape(-1, layout.channels, layout.height, layout.width)
    fill(data, np.moveaxis(images, 1, 3))
