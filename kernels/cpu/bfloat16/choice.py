"""The step of a convolution or an affine layer in bfloat16: the one that is made for its shape."""

from typing import Any

from fastcnn.kernels.cpu.bfloat16.conv import PairAffine, PairConv2d
from fastcnn.kernels.cpu.bfloat16.grouped import RoundedDepthwiseConv2d, RoundedWindowConv2d
from fastcnn.kernels.cpu.steps.base import Activation
from fastcnn.kernels.cpu.steps.choice import is_depthwise
from fastcnn.kernels.cpu.steps.conv import WindowConv2d
from fastcnn.kernels.shapes import Array


def conv2d(
    unit: str, x: Activation, out: Activation, weight: Array, *arrays: Any, groups: int, **options: Any
) -> WindowConv2d:
    """The step of this convolution; see `kernels.protocols.Steps`."""
    if groups == 1:
        return PairConv2d(unit, x, out, weight, *arrays, **options)
    depthwise = is_depthwise(x, weight, groups, pool=options["pool"], addend=options["addend"])
    step = RoundedDepthwiseConv2d if depthwise else RoundedWindowConv2d
    return step(x, out, weight, *arrays, groups=groups, **options)


affine = PairAffine
