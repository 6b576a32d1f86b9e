"""The steps of a network's plan: what several layers do at once, with the memory for it, as lists of kernel calls.

A step is made once for a network and a largest batch; it allocates all its arrays then. `forward_calls` and
`backward_calls` give, for a batch of n pictures, the kernels and their ready arguments, so that running a step is
calling functions: nothing is worked out, converted or allocated while a network trains. `fastcnn.network.plan` decides
which layers become which step.
"""

from fastcnn.kernels.cpu.products.calls import compiled, entry, without_twins
from fastcnn.kernels.cpu.steps.activations import Elementwise
from fastcnn.kernels.cpu.steps.affine import Affine
from fastcnn.kernels.cpu.steps.average import AvgPool2d
from fastcnn.kernels.cpu.steps.base import Activation, read
from fastcnn.kernels.cpu.steps.batchnorm import BatchNorm2d
from fastcnn.kernels.cpu.steps.choice import Conv2d
from fastcnn.kernels.cpu.steps.ends import Input, Loss
from fastcnn.kernels.cpu.steps.joins import Add, Concat, Copy, Fork
from fastcnn.kernels.cpu.steps.layer import LayerStep
from fastcnn.kernels.cpu.steps.normalize import Normalize
from fastcnn.kernels.cpu.steps.simple import AveragePool, Dropout, MaxPool2d, Relu

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

device: None = None  # all arrays are the host's
