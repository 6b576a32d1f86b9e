"""Convolutions of several groups: there is no tile for pairs, so they are float32 products of rounded operands.

Depthwise convolutions have no sum over channels, and a few channels a group would fill no tile.
"""

from typing import Any

from fastcnn.kernels.cpu.bfloat16.rounding import in_place, rounded
from fastcnn.kernels.cpu.products.geometry import Phase
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
        copied = Activation(x.shape, x.border, capacity, x.data.dtype, with_grad=False)
        copied.grad = x.grad
        super().__init__(copied, *arguments, capacity=capacity, **options)
        self.rounded = copied  # a depthwise step may have another x
        self.name += " of rounded numbers"

    def _pack(self, packed: Array, weight: Array, group: int) -> list[Call]:
        return [*super()._pack(packed, weight, group), in_place(packed, packed.size)]

    def _pack_flipped(self, packed: Array, group: int, phase: Phase) -> list[Call]:
        return [*super()._pack_flipped(packed, group, phase), in_place(packed, packed.size)]

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        pictures = rounded(self.rounded.data, self.exact.data, n * self.exact.frame.image)
        return [pictures, *super().forward_calls(n, training)]

    def _grad_out_calls(self, n: int) -> list[Call]:
        return [*super()._grad_out_calls(n), in_place(self.grad_out, n * self.geometry.grad.image)]


class RoundedWindowConv2d(_Rounding):
    """Groups of several channels."""


class RoundedDepthwiseConv2d(_Rounding, DepthwiseConv2d):
    """Depthwise."""
