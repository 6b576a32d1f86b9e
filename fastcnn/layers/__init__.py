"""The layers of a network: shapes, and forward and backward on NCHW arrays with `fastcnn.kernels` and NumPy.

This code is easy to read and runs on all backends. The fused kernels of a backend must give the same results. A layer
of your own is a subclass of `Layer`; `register_layer` allows files to name it.
"""

from fastcnn.layers.activation import GELU, LeakyReLU, ReLU, SiLU
from fastcnn.layers.affine import Affine, Flatten
from fastcnn.layers.base import Layer, Signal, image_shape
from fastcnn.layers.composite import Concat, Residual
from fastcnn.layers.convolution import Conv2d
from fastcnn.layers.dropout import Dropout
from fastcnn.layers.kinds import KINDS, is_kind, layer_from_description, register_layer
from fastcnn.layers.normalization import BatchNorm1d, BatchNorm2d
from fastcnn.layers.normalize import Normalize
from fastcnn.layers.parameters import Declaration, plain
from fastcnn.layers.pooling import AvgPool2d, GlobalAvgPool, MaxPool2d

__all__ = [
    "GELU",
    "KINDS",
    "Affine",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Concat",
    "Conv2d",
    "Declaration",
    "Dropout",
    "Flatten",
    "GlobalAvgPool",
    "Layer",
    "LeakyReLU",
    "MaxPool2d",
    "Normalize",
    "ReLU",
    "Residual",
    "SiLU",
    "Signal",
    "image_shape",
    "layer_from_description",
    "plain",
    "register_layer",
]

# Every class above that files may name.
KINDS.update({name: kind for name in __all__ if is_kind(kind := globals()[name])})


def __dir__() -> list[str]:
    return __all__
