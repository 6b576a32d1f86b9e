"""Depthwise convolution: each filter sees one channel, and the lanes are channels."""

from typing import Any

import numpy as np

from fastcnn.kernels.cpu.products import channels
from fastcnn.kernels.cpu.products.geometry import Phase, Tables
from fastcnn.kernels.cpu.products.layout import fold_grad_weight
from fastcnn.kernels.cpu.products.loops import Addend
from fastcnn.kernels.cpu.steps import conv
from fastcnn.kernels.cpu.steps.base import Activation
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array


class DepthwiseConv2d(conv.WindowConv2d):
    """Depthwise convolution, with the ReLU after it: one sum of products, in which each filter sees its own channel.

    Where a channel has several filters, it is copied for each of them first, and their gradients are added up last.
    """

    def __init__(self, x: Activation, out: Activation, weight: Array, *args: Any, capacity: int, **rest: Any) -> None:
        self.narrow = x
        if len(weight) != x.shape[0]:
            x = Activation((len(weight), *x.shape[1:]), x.border, capacity, x.data.dtype, x.grad is not None)
        self.copies = (x.data, x.grad) if x is not self.narrow else ()
        super().__init__(x, out, weight, *args, capacity=capacity, **{**rest, "groups": len(weight)})

    def _parts(self, groups: int) -> int:
        return 1

    def _flipped_count(self, phase: Phase) -> int:
        return len(phase.r_taps) * len(phase.s_taps) * self.filters

    def _pack(self, packed: Array, weight: Array, group: int) -> list[Call]:
        return [(channels.pack_taps, (packed, weight, np.arange(weight[0].size)))]

    def _pack_flipped(self, packed: Array, group: int, phase: Phase) -> list[Call]:
        taps = phase.r_taps[:, None] * self.weight.shape[3] + phase.s_taps
        return [(channels.pack_taps, (packed, self.weight, taps.reshape(-1)))]

    def _sums(
        self, out: Array, x: Array, packed: Array, offsets: Array, floor: float, tables: Tables,
        addend: Addend | None = None,
    ) -> Call:  # fmt: skip
        assert addend is None
        return channels.products(out, x, packed, offsets, floor, tables, self.filters)

    def _weight_sums(self, n: int, group: int) -> Call:
        return channels.moments(self.partials, self.x.data, self.grad_out, self.geometry, n)

    def _fold_weight(self, blocks: int, group: int, pitch: int) -> Call:
        taps = self.weight[0].size
        rows = np.arange(taps) * pitch
        args = (self.grad_weight.reshape(-1), self.partials, blocks, rows, 0, pitch, pitch, 1, taps)
        return self._moving(blocks * self.grad_weight.size, (fold_grad_weight, args))

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        calls = super().forward_calls(n, training)
        if self.x is self.narrow:
            return calls
        args = (self.x.data, self.x.frame, self.narrow.data, self.narrow.frame, n)
        return [self._copy(channels.repeat_channels, n * self.x.size, *args), *calls]

    def _input_calls(self, n: int) -> list[Call]:
        calls = super()._input_calls(n)
        if self.x is self.narrow:
            return calls
        args = (self.narrow.grad, self.x.grad, self.x.shape[0] // self.narrow.shape[0], n * self.narrow.size)
        return [*calls, self._copy(channels.add_repeats, n * self.x.size, *args)]
