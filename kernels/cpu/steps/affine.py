"""Affine, with the ReLU after it."""

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products.calls import sums
from fastcnn.kernels.cpu.products.geometry import Tables
from fastcnn.kernels.cpu.products.layout import block_width
from fastcnn.kernels.cpu.products.loops import Walk, dot_products
from fastcnn.kernels.cpu.steps import elementwise
from fastcnn.kernels.cpu.steps.base import Activation, Step
from fastcnn.kernels.cpu.tiles.dots import DOT_OUTPUTS, DOT_PICTURES
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_PRODUCTS, chooser
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array
from fastcnn.kernels.threads import threads


class Affine(Step):
    """x @ weight + bias, with the ReLU after it; the weight is stored as (out_features, in_features)."""

    def __init__(
        self, x: Activation, out: Activation, weight: Array, grad_weight: Array, bias: Array, grad_bias: Array, *,
        relu: bool,
    ) -> None:  # fmt: skip
        super().__init__(x, out)
        self.name = "affine" + (" + relu" if relu else "")
        self.weight, self.grad_weight = weight.reshape(-1), grad_weight.reshape(-1)
        self.bias, self.grad_bias, self.relu = bias, grad_bias, relu
        self.products = x.size * out.size
        self.zeros = aligned_zeros(block_width(self.dtype), self.dtype)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        kernel = chooser(dot_products, n * self.products >= PARALLEL_PRODUCTS)
        # Parts of at most 64 pictures stay in the second cache. If the pictures are few, threads share the outputs too.
        parts, output_parts = -(-n // (64 * threads())) * threads(), 1
        if n < 8 * threads():
            output_parts = min(2 * threads(), -(-self.out.size // DOT_OUTPUTS))
            parts = min(-(-2 * threads() // output_parts), -(-n // DOT_PICTURES))
        floor = 0.0 if self.relu else -np.inf
        size, outputs = self.x.size, self.out.size
        args = (
            self.out.data, self.x.data, self.weight, self.bias, floor, n, outputs, size, size, size, outputs, parts,
            output_parts,
        )  # fmt: skip
        return [(kernel, args)]

    def backward_calls(self, n: int) -> list[Call]:
        inputs, outputs = self.x.size, self.out.size
        grad = self.out.grad
        calls: list[Call] = [(elementwise.affine_gradient, (grad, self.out.data, self.grad_bias, n, self.relu))]
        whole = Walk(
            images=1, columns=n, filters=inputs, taps=1, taps_step=1, taps_part=1, length=outputs, x_at=0, x_image=0,
            x_step=outputs, x_term=1, w_at=0, w_image=0, w_block=block_width(self.dtype), w_term=inputs, out_at=0,
            out_image=0, out_step=inputs, bias_block=0,
        )  # fmt: skip
        if self.x.grad is not None:
            calls.append(self._product(self.x.grad, self.weight, whole))
        swapped = whole._replace(columns=outputs, length=n, x_step=1, x_term=outputs)
        calls.append(self._product(self.grad_weight, self.x.data, swapped))
        return calls

    def _product(self, out: Array, w: Array, walk: Walk) -> Call:
        start, only = np.zeros(1, np.int64), np.array([0, 1])
        return sums(out, self.out.grad, w, self.zeros, -np.inf, Tables(start, start, only, start, start, walk))
