"""The activations between steps, the base class of the steps, and calls for sums of products."""

from collections.abc import Iterable
from copy import copy
from math import prod
from typing import Any

import numpy as np

from fastcnn.kernels import memory, steps
from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products.geometry import Frame, frame
from fastcnn.kernels.cpu.steps import elementwise
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_COPIES, chooser
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array, Padding


class Memory(memory.Memory):
    """Arrays that the steps of a plan use one after the other."""

    def __init__(self) -> None:
        super().__init__(aligned_zeros)


class Activation:
    """The channels-last pictures of a batch between two steps, with the border that the next step needs.

    grad is their gradient, without a border; None if no step needs it. It is an array of `memory`.
    bordered is the gradient with the border that the step before reads, and its frame, where that step would copy grad
    there. A step that is the only one to read the pictures, and writes the gradient row by row, takes it in its place.
    gives_bits says whether the step before can write data as bfloat16's bits, uint16. A step that is the only one to
    read the pictures, and would round them, has them written so by `round_data`. takes_bits says whether the step
    before would round the gradient: then the step that writes it may do that, after `round_gradient`.
    """

    def __init__(
        self, shape: tuple[int, ...], border: Padding, capacity: int, dtype: Any, with_grad: bool,
        memory: Memory | None = None,
    ) -> None:  # fmt: skip
        channels, height, width = shape if len(shape) == 3 else (*shape, 1, 1)
        self.shape, self.border = shape, border
        self.frame = frame(channels, height, width, border)
        self.grad_frame = frame(channels, height, width)
        self.data = aligned_zeros(capacity * self.frame.image, dtype)
        self.rows = self.data.reshape(capacity, self.frame.image)
        self.memory = memory or Memory()
        self.grad: Any = self.memory.take(capacity * self.grad_frame.image, dtype) if with_grad else None
        self.bordered: tuple[Array, Frame] | None = None
        self.gives_bits = self.takes_bits = False

    def offer_bits(self, data: bool, gradient: bool) -> None:
        """Say what the step before can do."""
        self.gives_bits, self.takes_bits = data, gradient

    @property
    def size(self) -> int:
        """Values of one picture."""
        return prod(self.shape)

    def take_border(self) -> None:
        """Write the gradient to where the step before reads it."""
        if self.bordered is not None:
            self.memory.give_back(self.grad)
            (self.grad, self.grad_frame), self.bordered = self.bordered, None

    def share_gradient(self, grad: Any) -> None:
        """Let its gradient be the same array as that of other pictures."""
        self.memory.give_back(self.grad)
        self.grad = self.memory.share(grad)

    def give_back(self) -> None:
        """Let others use the arrays of its gradient: all steps that use them have been made."""
        self.memory.give_back(self.grad)
        self._drop_border()

    def _drop_border(self) -> None:
        if self.bordered is not None:
            self.memory.give_back(self.bordered[0])
            self.bordered = None

    def round_data(self) -> None:
        """Have data written as bfloat16's bits, if the step before can do that."""
        if self.gives_bits:
            self.data = aligned_zeros(self.data.size, np.uint16)
            self.gives_bits = False

    def round_gradient(self) -> None:
        """Have grad as bfloat16's bits, if there is one, and the step before would round it."""
        if self.takes_bits and self.grad is not None:
            self.memory.give_back(self.grad)
            self.grad = self.memory.take(self.grad.size, np.uint16)
            self.takes_bits = False

    def twin(self) -> "Activation":
        """The same pictures for one more step that reads them, with a separate gradient."""
        self.offer_bits(False, False)  # not all their readers may round them
        self._drop_border()  # sums of gradients have no border
        twin = copy(self)
        twin.grad = None if self.grad is None else self.memory.take(self.grad.size, self.grad.dtype)
        return twin


def read(out: Activation, n: int) -> Array:
    """The first n rows of an activation without a border, as a view."""
    return out.rows[:n]


class Step(steps.Step):
    """A step whose arrays are NumPy's."""

    x: Activation
    out: Activation

    @classmethod
    def _sizes(cls, values: Iterable[Any]) -> dict[int, int]:
        sizes: dict[int, int] = {}
        for value in values:
            if isinstance(value, np.ndarray):
                sizes[value.ctypes.data] = max(value.nbytes, sizes.get(value.ctypes.data, 0))
            elif isinstance(value, dict | list):
                sizes |= cls._sizes(value.values() if isinstance(value, dict) else value)
        return sizes

    def _copy(self, kernel: Any, elements: int, *args: Any) -> Call:
        return chooser(kernel, elements >= PARALLEL_COPIES), args

    def _passed_on(self, addend: Activation, n: int) -> list[Call]:
        """Copy the gradient of out to the gradient of an addend; no call if both are the same array."""
        out = self.out
        if addend.grad is None or addend.grad is out.grad:
            return []
        args = (addend.grad, addend.grad_frame, out.grad, out.grad_frame, n)
        return [self._copy(elementwise.copy_rows, n * out.size, *args)]

    def _scalar(self, value: float) -> Array:
        """A number in the network's dtype, for kernels that must not widen it."""
        return np.array([value], self.dtype)
