"""The reference backend: plain NumPy that is easy to read. It defines what is correct, and it is slow.

Its functions take arguments that `fastcnn.kernels` has checked and normalised: kernel_size, stride and dilation are
pairs, padding is ((top, bottom), (left, right)), arrays are C-contiguous and of one dtype.
"""

from fastcnn.kernels.reference.augment import augment
from fastcnn.kernels.reference.convolution import conv2d, conv2d_grad_input, conv2d_grad_weight
from fastcnn.kernels.reference.pooling import max_pool2d, max_pool2d_grad
from fastcnn.kernels.reference.unfold import col2im, im2col
from fastcnn.kernels.reference.updates import update

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

steps: None = None  # a network's layers run one by one


def require_device() -> None:
    """It needs only NumPy."""
