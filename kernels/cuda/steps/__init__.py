"""The steps of a network's plan on the GPU: the twins of `kernels.cpu.steps`, with the same names and arguments.

Pictures lie channels-last without a border; the convolution's kernels test for it. All arrays are on the GPU, the
parameters too (`residence`), and a training's pictures (`dataset`): a training step sends next to nothing up and
brings one float back, when somebody looks at it.
"""

from fastcnn.kernels.cuda.steps import device
from fastcnn.kernels.cuda.steps.activations import Elementwise
from fastcnn.kernels.cuda.steps.average import AvgPool2d
from fastcnn.kernels.cuda.steps.base import Activation, compiled, entry, read, without_twins
from fastcnn.kernels.cuda.steps.batchnorm import BatchNorm2d
from fastcnn.kernels.cuda.steps.conv_affine import Affine, Conv2d
from fastcnn.kernels.cuda.steps.ends import Input, Loss
from fastcnn.kernels.cuda.steps.joins import Add, Concat, Copy, Fork
from fastcnn.kernels.cuda.steps.layer import LayerStep
from fastcnn.kernels.cuda.steps.simple import AveragePool, Dropout, MaxPool2d, Relu

__all__ = [
    "Activation",
    "Add",
    "Affine",
    "AveragePool",
    "AvgPool2d",
    "BatchNorm2d",
    "Concat",
    "Conv2d",
    "Copy",
    "Dropout",
    "Elementwise",
    "Fork",
    "Input",
    "LayerStep",
    "Loss",
    "MaxPool2d",
    "Relu",
    "compiled",
    "device",
    "entry",
    "read",
    "without_twins",
]
