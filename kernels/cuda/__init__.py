"""The CUDA backend: kernels in Numba's CUDA dialect. Its functions and signatures are those of `reference`.

Its import needs Numba and no GPU. Its use needs a GPU, or Numba's simulator (NUMBA_ENABLE_CUDASIM=1).
"""

from fastcnn.kernels.cuda import steps
from fastcnn.kernels.cuda.functions.augment import augment
from fastcnn.kernels.cuda.functions.convolution import (
    col2im,
    conv2d,
    conv2d_grad_input,
    conv2d_grad_weight,
    im2col,
    max_pool2d,
    max_pool2d_grad,
)
from fastcnn.kernels.cuda.functions.updates import update
from fastcnn.kernels.cuda.toolchain.compiler import require_device

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
