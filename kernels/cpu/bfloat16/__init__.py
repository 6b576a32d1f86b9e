"""The steps of a plan whose products are those of bfloat16 numbers. Nothing imports them before they are asked for.

Convolutions and affine layers round the operands of their products: the input, the weight and the gradient of the
output. All other steps are those of float32. A value that only such a step reads is rounded where it is written, if the
step before can do that, and lies in memory as bfloat16's bits. Other values are float32 there, and rounded where they
are read.
`kernels/reference/bfloat16.py` defines the rounding, docs/bfloat16.md says what is rounded where.
"""

from functools import cache, partial
from types import SimpleNamespace
from typing import Any

from fastcnn.kernels.cpu import steps as float32
from fastcnn.kernels.cpu.bfloat16.choice import affine, conv2d
from fastcnn.kernels.cpu.bfloat16.units import chosen, require
from fastcnn.kernels.cpu.bfloat16.writers import RoundedBatchNorm2d, RoundedMaxPool2d


@cache
def steps(unit: str) -> Any:
    """The steps with the tile of a unit, or of the fastest one for "". A plan compares them with its own.

    RuntimeError, with the reason, where the unit cannot run, or for "" gains nothing.
    """
    if unit:
        require(unit)
    return steps_with(unit or chosen())


def steps_with(unit: str) -> Any:
    """New steps with the tile of this unit, which must be able to run."""
    shared = {name: getattr(float32, name) for name in float32.__all__}
    writers = {"BatchNorm2d": RoundedBatchNorm2d, "MaxPool2d": RoundedMaxPool2d}
    return SimpleNamespace(**{**shared, **writers, "Conv2d": partial(conv2d, unit), "Affine": partial(affine, unit)})
