"""Convolutions of several groups: there is no tile for pairs, so they are float32 products of rounded operands.

Depthwise convolutions have no sum over channels, and a few channels a group would fill no tile.
"""

from typing import Any

from fastcnn.kernels.cpu.bfloat16 import rounding
from fastcnn.kernels.cpu.products.geometry import Phase
from fastcnn.kernels.cpu.products.pairs import as_bits
from fastcnn.kernels.cpu.steps.base import Activation
from fastcnn.kernels.cpu.steps.conv import WindowConv2d
from fastcnn.kernels.cpu.steps.depthwise import DepthwiseConv2d
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array


class _Rounding(WindowConv2d):
    """Its input is copied and rounded; packed weights, and the gradient of its output, are rounded in place."""

    shares_gradient = False

    def __init__(self, x: Activation, *arguments: Any, capacity: int, **options: Any) -> None:
        self.exact = x
        rounded = Activation(x.shape, x.border, capacity, x.data.dtype, with_grad=False)
        rounded.grad = x.grad
        super().__init__(rounded, *arguments, capacity=capacity, **options)
        self.rounded = rounded  # a depthwise step may have another x
        self.name += " of rounded numbers"

    def _round(self, out: Array, x: Array, count: int) -> Call:
        return self._copy(rounding.round_numbers, count, as_bits(out[:count]), as_bits(x[:count]))

    def _pack(self, packed: Array, weight: Array, group: int) -> list[Call]:
        return [*super()._pack(packed, weight, group), self._round(packed, packed, packed.size)]

    def _pack_flipped(self, packed: Array, group: int, phase: Phase) -> list[Call]:
        return [*super()._pack_flipped(packed, group, phase), self._round(packed, packed, packed.size)]

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        rounded = self._round(self.rounded.data, self.exact.data, n * self.exact.frame.image)
        return [rounded, *super().forward_calls(n, training)]

    def _grad_out_calls(self, n: int) -> list[Call]:
        rounded = self._round(self.grad_out, self.grad_out, n * self.geometry.grad.image)
        return [*super()._grad_out_calls(n), rounded]


class RoundedWindowConv2d(_Rounding):
    """Groups of several channels."""


class RoundedDepthwiseConv2d(_Rounding, DepthwiseConv2d):
    """Depthwise."""
