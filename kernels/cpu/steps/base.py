"""What flows between steps, what every step is, and how a sum of products becomes a call."""

from contextlib import AbstractContextManager, nullcontext
from math import prod
from typing import Any

import numpy as np

from fastcnn.kernels import steps
from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.contract import sum_products
from fastcnn.kernels.cpu.geometry import Tables, frame
from fastcnn.kernels.cpu.jit import parallel_lock, threads
from fastcnn.kernels.cpu.layout import block_width
from fastcnn.kernels.cpu.sharing import PARALLEL_COPIES, PARALLEL_PRODUCTS, alone, chooser
from fastcnn.kernels.shapes import Array, Padding
from fastcnn.kernels.steps import Call


def without_twins(calls: list[Call]) -> list[Call]:
    """The same calls, with no kernel both in its parallel and its serial form, so that none is compiled twice."""
    parallel = {id(kernel.serial): kernel for kernel, _ in calls if hasattr(kernel, "serial")}
    return [(alone(parallel[id(kernel)]) if id(kernel) in parallel else kernel, args) for kernel, args in calls]


def entry(calls: list[Call]) -> AbstractContextManager[None]:
    """What is held while calls run: the lock of parallel kernels, unless all of them are serial."""
    return parallel_lock if any(hasattr(kernel, "serial") for kernel, _ in calls) else nullcontext()


def _nbytes(value: object) -> int:
    """Bytes of the arrays that a step's attribute holds."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):
        return sum(map(_nbytes, value.values()))
    return sum(map(_nbytes, value)) if isinstance(value, list) else 0


class Activation:
    """What flows between two steps: channels-last pictures of all the batch, with the border that the reader needs.

    grad is its gradient, without a border; None where nobody asks for it.
    """

    def __init__(self, shape: tuple[int, ...], border: Padding, capacity: int, dtype: Any, with_grad: bool) -> None:
        channels, height, width = shape if len(shape) == 3 else (*shape, 1, 1)
        self.shape = shape
        self.frame = frame(channels, height, width, border)
        self.grad_frame = frame(channels, height, width)
        self.data = aligned_zeros(capacity * self.frame.image, dtype)
        self.grad: Any = aligned_zeros(capacity * self.grad_frame.image, dtype) if with_grad else None

    @property
    def size(self) -> int:
        """Values of one picture."""
        return prod(self.shape)


def read(out: Activation, n: int) -> Array:
    """The first n rows of an activation without a border; a view."""
    rows: Array = out.data[: n * out.size].reshape(n, out.size)
    return rows


class Step(steps.Step):
    """A step whose arrays are NumPy's."""

    x: Activation
    out: Activation

    @staticmethod
    def _nbytes(value: object) -> int:
        return _nbytes(value)

    def _copy(self, kernel: Any, elements: int, *args: Any) -> Call:
        return chooser(kernel, elements >= PARALLEL_COPIES), args

    def _scalar(self, value: float) -> Array:
        """A number in the network's dtype, for kernels that must not widen it."""
        return np.array([value], self.dtype)


def sums(out: Array, x: Array, w: Array, bias: Array, floor: float, tables: Tables) -> Call:
    """sum_products with the work shared by pictures or, where these are few, by rows or blocks of filters."""
    walk = tables.walk
    rows_count = len(tables.x_rows)
    blocks = -(-walk.filters // block_width(out.dtype))
    products = walk.images * rows_count * walk.columns * walk.filters * walk.taps_step * walk.length
    row_parts, block_parts = 1, 1
    if walk.images < 4 * threads():
        row_parts = rows_count
        if walk.images * rows_count < 4 * threads():
            block_parts = blocks
    kernel = chooser(sum_products, products >= PARALLEL_PRODUCTS)
    args = (out, x, w, bias, floor, *tables, row_parts, block_parts)
    return kernel, args
