"""The steps of a network's plan on the GPU: the twins of `kernels.cpu.steps`, with the same names and arguments.

Pictures lie channels-last without a border; the convolution's kernels test for it. All arrays are on the GPU, the
parameters too (`residence`), and a training's pictures (`dataset`): a training step sends next to nothing up and
brings one float back, when somebody looks at it.
"""

from fastcnn.kernels.cuda.steps.base import Activation, Step, entry, read, without_twins
from fastcnn.kernels.cuda.steps.batchnorm import BatchNorm2d
from fastcnn.kernels.cuda.steps.conv_affine import Affine, Conv2d
from fastcnn.kernels.cuda.steps.dataset import TrainingSet, why_not
from fastcnn.kernels.cuda.steps.ends import Input, Loss
from fastcnn.kernels.cuda.steps.pipeline import Pipeline
from fastcnn.kernels.cuda.steps.residence import Residence
from fastcnn.kernels.cuda.steps.simple import AveragePool, Dropout, MaxPool2d, Relu
from fastcnn.kernels.cuda.toolchain.memory import upload

__all__ = [
    "RUNS_LAYERS",
    "Activation",
    "Affine",
    "AveragePool",
    "BatchNorm2d",
    "Conv2d",
    "Dropout",
    "Input",
    "Loss",
    "MaxPool2d",
    "Pipeline",
    "Relu",
    "Residence",
    "Step",
    "TrainingSet",
    "entry",
    "read",
    "upload",
    "why_not",
    "without_twins",
]

RUNS_LAYERS = False  # with a layer that has no fused step, the whole network runs layer by layer
