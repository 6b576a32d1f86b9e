"""Convolution of 3x3 by Winograd's method, where it is faster: forward, and in a training the gradient of the input."""

from typing import Any

import numpy as np

from fastcnn.kernels import backends
from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products import weights, winograd
from fastcnn.kernels.cpu.steps import conv
from fastcnn.kernels.cpu.steps.base import Activation
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array


def Conv2d(x: Activation, out: Activation, weight: Array, *args: Any, **options: Any) -> conv.Conv2d:
    """The step of a convolution: by Winograd's method or exact, by its shape and `kernels.use(..., winograd=...)`."""
    allowed = ("always",) if options["training"] else ("inference", "always")
    step = Winograd if backends.winograd() in allowed and _faster(weight, options) else conv.Conv2d
    return step(x, out, weight, *args, **options)


def _faster(weight: Array, options: dict[str, Any]) -> bool:
    K, C, *size = weight.shape
    plain = options["stride"] == options["dilation"] == (1, 1) and options["groups"] == 1
    return plain and size == [3, 3] and winograd.serves(C, K, weight.dtype)


class Winograd(conv.Conv2d):
    """See `Conv2d`. In a training, a convolution with a max-pool keeps its exact forward, which notes the winners."""

    def __init__(self, *args: Any, training: bool, **options: Any) -> None:
        super().__init__(*args, training=training, **options)
        self.forward_too = not (training and self.pool)
        note = "(winograd 4x4)" if self.forward_too else "(gradient winograd 4x4)"
        self.name = self.name.replace("conv2d 3x3", f"conv2d 3x3 {note}", 1)
        K, C = self.weight.shape[:2]
        count = winograd.transformed_count(C, K, self.dtype) if self.forward_too else 0
        self.transformed = aligned_zeros(count, self.dtype)
        count = winograd.transformed_count(K, C, self.dtype) if training and self.x.grad is not None else 0
        self.transformed_flipped = aligned_zeros(count, self.dtype)
        self.scratch: Array = aligned_zeros(0, self.dtype)

    def prepare_calls(self) -> list[Call]:
        calls = super().prepare_calls()
        if self.forward_too:
            K, C = self.weight.shape[:2]
            calls.append(winograd.transform(self.transformed, self.packed[0], C, K))
        return calls

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        if not self.forward_too:
            return super().forward_calls(n, training)
        shape, out = self.geometry, self.out
        x = winograd.Operand(shape.x, shape.x_at)
        tiles = winograd.tiling(n, x, out.frame, (shape.P, shape.Q), shape.K, self.pool, self.dtype)
        floor = 0.0 if self.relu else -np.inf
        return [self._products(out.data, self.x.data, self.transformed, self.offsets[0], floor, tiles)]

    def _input_calls(self, n: int) -> list[Call]:
        shape, packed = self.geometry, self.flipped[0, 0]
        phase = shape.grad_input(n, 0, self.x.grad_frame)[0]
        tiles = winograd.tiling(
            n, winograd.Operand(shape.grad, phase.tables.walk.x_at + int(phase.tables.x_taps[0])),
            self.x.grad_frame, (shape.H, shape.W), shape.C, False, self.dtype,
        )  # fmt: skip
        return [
            self._moving(packed.size, weights.pack_flipped(packed, self.weight, shape, 0, phase)),
            winograd.transform(self.transformed_flipped, packed, shape.K, shape.C),
            self._products(self.x.grad, self.grad_out, self.transformed_flipped, self._no_bias(), -np.inf, tiles),
        ]

    def _no_bias(self) -> Array:
        return aligned_zeros(-(-self.geometry.C // len(self.zeros)) * len(self.zeros), self.dtype)

    def _products(self, out: Array, x: Array, w: Array, bias: Array, floor: float, tiles: winograd.Tiling) -> Call:
        if self.scratch.size < winograd.scratch_count(tiles):
            self.scratch = aligned_zeros(winograd.scratch_count(tiles), self.dtype)
        return winograd.products(out, x, w, bias, floor, self.scratch, tiles)
