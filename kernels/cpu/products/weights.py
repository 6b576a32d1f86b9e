"""Calls (kernels with their arguments) that pack a convolution's weight for the tiles, and add up its gradient.

A network's steps keep such calls. `functions/convolution.py` makes each and runs it once.
"""

from functools import lru_cache

import numpy as np

from fastcnn.kernels.cpu.products.geometry import Convolution, Phase, Table
from fastcnn.kernels.cpu.products.layout import (
    fold_grad_weight,
    pack_weight,
    pack_weight_flipped,
    pack_weight_phase,
    spaced,
)
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array


def pack(packed: Array, weight: Array, shape: Convolution, group: int) -> Call:
    """Pack the filters of one group for the forward pass."""
    filters, C, taps = _sizes(weight, shape)
    rows = spaced(len(weight), C * taps)
    return pack_weight, (packed, weight.reshape(-1), rows, group * filters, filters, shape.block, C, taps)


def pack_flipped(packed: Array, weight: Array, shape: Convolution, group: int, phase: Phase) -> Call:
    """Pack the filters of one group for the gradient of the input, for one phase of the stride."""
    filters, C, taps = _sizes(weight, shape)
    if len(phase.r_taps) * len(phase.s_taps) == taps:
        rows = spaced(len(weight), C * taps)
        return pack_weight_flipped, (packed, weight.reshape(-1), rows, group * filters, filters, shape.block, C, taps)
    args = (packed, weight, group * filters, filters, shape.block, phase.r_taps, phase.s_taps)
    return pack_weight_phase, args


def fold(grad_weight: Array, partials: Array, shape: Convolution, group: int, blocks: int, pitch: int) -> Call:
    """Add the partial sums of one group's filters, at a distance of `pitch`, into the gradient of the weight."""
    filters, C, taps = _sizes(grad_weight, shape)
    args = (
        grad_weight.reshape(-1),
        partials,
        blocks,
        _tap_rows(C, taps, pitch),
        group * filters,
        filters,
        pitch,
        C,
        taps,
    )
    return fold_grad_weight, args


@lru_cache(maxsize=256)
def _tap_rows(C: int, taps: int, pitch: int) -> Table:
    """Where each tap of each channel begins in partial sums."""
    rows: Table = np.add.outer(np.arange(C), np.arange(taps) * C).reshape(-1) * pitch
    return rows


def _sizes(weight: Array, shape: Convolution) -> tuple[int, int, int]:
    """Filters of a group, channels of a filter, taps."""
    return len(weight) // shape.groups, weight.shape[1], weight.shape[2] * weight.shape[3]
