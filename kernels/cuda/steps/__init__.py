"""The steps of a network's plan on the GPU. Names and arguments are those of `kernels.cpu.steps`.

Pictures are channels-last without a border; the convolution's kernels test for the border. All arrays are on the GPU,
also the parameters (`residence`) and the pictures of a training (`dataset`). A training step copies almost nothing to
the GPU, and copies one float back when the loss is read.
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
from fastcnn.kernels.cuda.steps.normalize import Normalize
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
    "Normalize",
    "Relu",
    "compiled",
    "device",
    "entry",
    "read",
    "without_twins",
]
