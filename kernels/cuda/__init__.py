"""The CUDA backend: kernels in Numba's CUDA dialect; the same functions and signatures as `reference`.

Importing it needs Numba and no GPU; using it needs one, or Numba's simulator (NUMBA_ENABLE_CUDASIM=1).
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
from fastcnn.kernels.cuda.functions.updates import (
    adagrad_update,
    adam_update,
    adamw_update,
    ema_update,
    momentum_update,
    nesterov_update,
    rmsprop_update,
    sgd_update,
)
from fastcnn.kernels.cuda.toolchain.compiler import require_device

__all__ = [
    "adagrad_update",
    "adam_update",
    "adamw_update",
    "augment",
    "col2im",
    "conv2d",
    "conv2d_grad_input",
    "conv2d_grad_weight",
    "ema_update",
    "im2col",
    "max_pool2d",
    "max_pool2d_grad",
    "momentum_update",
    "nesterov_update",
    "require_device",
    "rmsprop_update",
    "sgd_update",
    "steps",
]
