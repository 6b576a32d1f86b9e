"""Convolution, with `kernels.conv2d`."""

from math import prod, sqrt
from typing import Any

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.kernels import shapes
from fastcnn.kernels.protocols import Step
from fastcnn.kernels.values import shown
from fastcnn.layers.base import Layer, Place, Signal, image_shape
from fastcnn.layers.parameters import plain

SAME = "same"


def _padding(padding: shapes.PaddingLike | str) -> tuple[shapes.Padding | str, shapes.Padding]:
    """The option, and the pairs as far as they are known before the shape of the picture is known."""
    if isinstance(padding, str):
        if padding != SAME:
            raise ValueError(f'padding must be "{SAME}" or numbers of pixels, not {shown(padding)}')
        return SAME, shapes.NO_BORDER
    pairs = shapes.padding_pairs(padding)
    return pairs, pairs


class Conv2d(Layer):
    """Convolution, (C, H, W) to (out_channels, P, Q), as `kernels.conv2d`; He-normal weights, zero biases.

    padding="same" puts zeros round the picture so that P is H / stride and Q is W / stride, both rounded up. Half of
    the zeros are on each side; if their number is odd, the last one is at the bottom or right. This is SAME_UPPER of
    ONNX, and "same" of PyTorch, which only allows stride 1.

    pads : the padding as pairs, after the layer is built
    """

    OPTIONS = ("out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias")
    takes_relu = takes_norm = True

    def __init__(
        self,
        out_channels: int,
        kernel_size: shapes.PairLike,
        *,
        stride: shapes.PairLike = 1,
        padding: shapes.PaddingLike | str = 0,
        dilation: shapes.PairLike = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.out_channels = shapes.integer("out_channels", out_channels, 1)
        self.kernel_size = shapes.pair("kernel_size", kernel_size)
        self.stride = shapes.pair("stride", stride)
        self.padding, self.pads = _padding(padding)
        self.dilation = shapes.pair("dilation", dilation)
        self.groups = shapes.integer("groups", groups, 1)
        if not isinstance(bias, bool):
            raise TypeError(f"bias must be True or False, not {shown(bias)}")
        self.bias = bias

    @property
    def multiply_adds(self) -> int:
        return prod(self.out_shape) * self.in_shape[0] // self.groups * prod(self.kernel_size)

    def _build(self, incoming: Signal) -> Signal:
        c, h, w = image_shape(incoming)
        weight_shape = (self.out_channels, max(c // self.groups, 1), *self.kernel_size)
        if self.padding == SAME:
            self.pads = shapes.same_padding((1, c, h, w), self.kernel_size, self.stride, self.dilation)
        out = shapes.conv2d_shape((1, c, h, w), weight_shape, self.stride, self.pads, self.dilation, self.groups)
        self.declarations = [plain("weight", weight_shape, std=sqrt(2 / prod(weight_shape[1:])))]
        if self.bias:
            self.declarations.append(plain("bias", (self.out_channels,)))
        return Signal(out[1:])

    def forward(self, x: Array, training: bool) -> Array:
        bias = self.parameters["bias"].array if self.bias else None
        self._saved = (x,) if training else ()
        return kernels.conv2d(x, self.parameters["weight"].array, bias, **self._geometry())

    def backward_parameters(self, grad_out: Array) -> None:
        (x,) = self._recall()
        grad_weight = kernels.conv2d_grad_weight(grad_out, x, self.kernel_size, **self._geometry())
        self._assign_grad("weight", grad_weight)
        if self.bias:
            self._assign_grad("bias", grad_out.sum(axis=(0, 2, 3)))

    def backward(self, grad_out: Array) -> Array:
        self.backward_parameters(grad_out)
        (x,) = self._recall()
        weight = self.parameters["weight"].array
        return kernels.conv2d_grad_input(grad_out, weight, x.shape, **self._geometry())

    @property
    def takes_sum(self) -> bool:
        return self.groups == 1

    @property
    def takes_pool(self) -> bool:
        return self.groups == 1

    @property
    def border(self) -> shapes.Padding:
        return self.pads

    def make_step(self, place: Place) -> Step:
        values, gradients = self.storages()
        return place.steps.Conv2d(
            place.x, place.out, values["weight"], gradients["weight"], values.get("bias"), gradients.get("bias"),
            **self._geometry(), relu=place.relu, pool=place.pool, norm=place.norm, addend=place.addend,
            training=place.training, capacity=place.capacity,
        )  # fmt: skip

    def _geometry(self) -> dict[str, Any]:
        return {"stride": self.stride, "padding": self.pads, "dilation": self.dilation, "groups": self.groups}
