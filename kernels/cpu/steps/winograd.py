"""Convolution by Winograd's method, where it is faster.

Of 3x3: forward, and in a training the gradient of the input. Of 5x5 with ReLU and max-pool: forward in inference.
"""

from typing import Any

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products import weights, winograd, winograd_rows
from fastcnn.kernels.cpu.steps import conv
from fastcnn.kernels.cpu.tiles.winograd import NOTED
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array


class WinogradConv2d(conv.WindowConv2d):
    """By Winograd's method where `winograd.serves` says so, else as its parent."""

    def __init__(self, *args: Any, training: bool, capacity: int, **options: Any) -> None:
        super().__init__(*args, training=training, capacity=capacity, **options)
        K, C = self.weight.shape[:2]
        self.transformed = self._room(C, K, self._forward_serves())
        self.transformed_flipped = self._room(K, C, training and self._gradient_serves())
        uses = ["forward"] * bool(self.transformed.size) + ["gradient"] * bool(self.transformed_flipped.size)
        if uses:
            where = ", ".join(uses) + " " if training else ""
            self.name = self.name.replace("conv2d 3x3", f"conv2d 3x3 ({where}winograd 4x4)", 1)

    def _room(self, channels: int, filters: int, needed: bool) -> Array:
        return aligned_zeros(winograd.transformed_count(channels, filters, self.dtype) if needed else 0, self.dtype)

    def _forward_serves(self) -> bool:
        shape = self.geometry
        return winograd.serves((shape.P, shape.Q), shape.C, shape.K)

    def _gradient_serves(self) -> bool:
        shape = self.geometry
        return self.x.grad is not None and winograd.serves((shape.H, shape.W), shape.K, shape.C)

    def prepare_calls(self) -> list[Call]:
        calls = super().prepare_calls()
        if self.transformed.size:
            K, C = self.weight.shape[:2]
            calls.append(winograd.transform(self.transformed, self.packed[0], C, K))
        return calls

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        if not self.transformed.size:
            return super().forward_calls(n, training)
        shape, out = self.geometry, self.out
        x = winograd.Operand(shape.x, shape.x_at)
        addend = None if self.addend is None else self.addend.frame
        pool = 0 if not self.pool else NOTED if training else 1
        tiles = winograd.tiling(n, x, out.frame, (shape.P, shape.Q), shape.K, pool, self.dtype, addend)
        floor = 0.0 if self.relu else -np.inf
        return [self._products(out.data, self.x.data, self.transformed, self.offsets[0], floor, tiles)]

    def _input_calls(self, n: int) -> list[Call]:
        if not self.transformed_flipped.size:
            return super()._input_calls(n)
        shape, packed = self.geometry, self.flipped[0, 0]
        phase = shape.grad_input(n, 0, self.x.grad_frame)[0]
        x = winograd.Operand(shape.grad, int(phase.tables.x_taps[0]))
        tiles = winograd.tiling(n, x, self.x.grad_frame, (shape.H, shape.W), shape.C, 0, self.dtype)
        no_bias = aligned_zeros(self.transformed_flipped.size // shape.K, self.dtype)
        return [
            self._moving(packed.size, weights.pack_flipped(packed, self.weight, shape, 0, phase)),
            winograd.transform(self.transformed_flipped, packed, shape.K, shape.C),
            self._products(self.x.grad, self.grad_out, self.transformed_flipped, no_bias, -np.inf, tiles),
        ]

    def _products(self, out: Array, x: Array, w: Array, bias: Array, floor: float, tiles: winograd.Tiling) -> Call:
        scratch = self.out.memory.scratch(winograd.scratch_count(tiles), self.dtype)
        addend = self.addend.data if tiles.adds and self.addend is not None else out
        return winograd.products(out, self.codes, x, w, bias, floor, addend, scratch, tiles)


class WinogradRowsConv2d(conv.WindowConv2d):
    """Convolution of 5x5 with ReLU and 2x2 max-pool, by Winograd's method where `winograd_rows.serves` says so."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.transformed: Array | None = None
        if winograd_rows.serves(self.geometry):
            self.transformed = aligned_zeros(winograd_rows.transformed_count(self.geometry), self.dtype)
            self.name = self.name.replace("conv2d 5x5", "conv2d 5x5 (winograd 1x4)", 1)

    def prepare_calls(self) -> list[Call]:
        calls = super().prepare_calls()
        if self.transformed is not None:
            calls.append(winograd_rows.transform(self.transformed, self.packed[0], self.geometry))
        return calls

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        if self.transformed is None:
            return super().forward_calls(n, training)
        args = self.out.data, self.x.data, self.transformed, self.offsets[0], self.geometry, self.out.frame, n
        return [winograd_rows.products(*args)]
