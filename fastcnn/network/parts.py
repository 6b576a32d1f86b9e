"""The parts of a training step, for measurements; see `Sequential.training_parts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fastcnn.kernels.protocols import Call


@dataclass(frozen=True)
class Part:
    """A part of a training step: its calls run one after the other.

    multiply_adds : those of the whole batch, without those that max-pool makes zero
    nbytes : the bytes of all arrays on the host that it reads or writes; each array counts once
    """

    name: str
    calls: Sequence[Call]
    multiply_adds: int = 0
    nbytes: int = 0

    def run(self) -> None:
        """Run its calls."""
        for kernel, args in self.calls:
            kernel(*args)


def argument_bytes(calls: Sequence[Call]) -> int:
    """Bytes of all NumPy arrays among the arguments of the calls; each array counts once."""
    arrays = {id(each): each for _, args in calls for each in args if isinstance(each, np.ndarray)}
    return sum(each.nbytes for each in arrays.values())
