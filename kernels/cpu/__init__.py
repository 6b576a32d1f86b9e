"""The CPU backend: Numba, parallel; the same functions and signatures as `reference`."""

from fastcnn.kernels.threads import prepare_numba

prepare_numba()  # before any module of this package imports Numba

from fastcnn.kernels.cpu import steps  # noqa: E402
from fastcnn.kernels.cpu.functions.augment import augment  # noqa: E402
from fastcnn.kernels.cpu.functions.convolution import conv2d, conv2d_grad_input, conv2d_grad_weight  # noqa: E402
from fastcnn.kernels.cpu.functions.pooling import max_pool2d, max_pool2d_grad  # noqa: E402
from fastcnn.kernels.cpu.functions.unfold import col2im, im2col  # noqa: E402
from fastcnn.kernels.cpu.functions.updates import update  # noqa: E402

__all__ = [
    "augment",
    "col2im",
    "conv2d",
    "conv2d_grad_input",
    "conv2d_grad_weight",
    "im2col",
    "max_pool2d",
    "max_pool2d_grad",
    "require_device",
    "steps",
    "update",
]


def require_device() -> None:
    """It needs only Numba."""
