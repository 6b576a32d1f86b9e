"""The step of a convolution: the one that is made for its shape."""

from fastcnn.kernels import backends
from fastcnn.kernels.cpu.products import channels
from fastcnn.kernels.cpu.steps.base import Activation
from fastcnn.kernels.cpu.steps.conv import WindowConv2d
from fastcnn.kernels.cpu.steps.depthwise import DepthwiseConv2d
from fastcnn.kernels.cpu.steps.winograd import WinogradConv2d, WinogradRowsConv2d
from fastcnn.kernels.protocols import Norm
from fastcnn.kernels.shapes import Array, Padding, Pair


def Conv2d(  # noqa: N802  # called as the other steps are, which are classes
    x: Activation, out: Activation, weight: Array, grad_weight: Array, bias: Array | None, grad_bias: Array | None, *,
    stride: Pair, padding: Padding, dilation: Pair, groups: int, relu: bool, pool: bool, norm: Norm | None,
    addend: Activation | None, training: bool, capacity: int,
) -> WindowConv2d:  # fmt: skip
    """The step of this convolution. Its shape chooses the class, and `kernels.use(..., winograd=...)` does."""
    step = WindowConv2d
    if is_depthwise(x, weight, groups, pool=pool, addend=addend):
        step = DepthwiseConv2d
    elif stride == dilation == (1, 1) and groups == 1 and _winograd_allowed(training):
        if weight.shape[2:] == (3, 3):
            step = WinogradConv2d
        elif pool and not training and weight.shape[2:] == (5, 5):  # it does not say which pixels won
            step = WinogradRowsConv2d
    return step(
        x, out, weight, grad_weight, bias, grad_bias, stride=stride, padding=padding, dilation=dilation, groups=groups,
        relu=relu, pool=pool, norm=norm, addend=addend, training=training, capacity=capacity,
    )  # fmt: skip


def is_depthwise(x: Activation, weight: Array, groups: int, *, pool: bool, addend: Activation | None) -> bool:
    """Whether the kernels for depthwise convolutions compute this one."""
    return not pool and addend is None and groups == x.shape[0] and channels.serves(groups, len(weight))


def _winograd_allowed(training: bool) -> bool:
    return backends.winograd() in (("always",) if training else ("inference", "always"))
