"""The activations between steps on the GPU, and the base class of the steps."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from math import prod
from typing import Any

from fastcnn.kernels import memory, steps
from fastcnn.kernels.arrays import is_on_device
from fastcnn.kernels.cuda.steps import elementwise
from fastcnn.kernels.cuda.toolchain.graphs import graphs
from fastcnn.kernels.cuda.toolchain.memory import download, empty
from fastcnn.kernels.cuda.toolchain.sizes import check_count, line_grid
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array, Padding


def entry(calls: list[Call]) -> AbstractContextManager[None]:
    """A context manager that does nothing: the driver queues the calls."""
    return nullcontext()


def without_twins(calls: list[Call]) -> list[Call]:
    """The calls unchanged: kernels for a GPU have no second, serial form."""
    return calls


def compiled(calls: list[Call], *, joined: bool = False) -> list[Call]:
    """The calls, with consecutive kernels always joined into one call: their arguments never change."""
    return graphs(calls)


class Memory(memory.Memory):
    """Arrays that the steps of a plan use one after the other."""

    def __init__(self) -> None:
        super().__init__(empty)


class Activation:
    """The channels-last pictures of a batch; grad is their gradient, None if no step needs it."""

    def __init__(
        self, shape: tuple[int, ...], border: Padding, capacity: int, dtype: Any, with_grad: bool,
        memory: Memory | None = None,
    ) -> None:  # fmt: skip
        self.shape = shape
        self.channels, self.height, self.width = shape if len(shape) == 3 else (*shape, 1, 1)
        check_count((capacity, *shape))
        self.data = empty(capacity * self.size, dtype)
        self.memory = memory or Memory()
        self.grad: Any = self.memory.take(capacity * self.size, dtype) if with_grad else None

    @property
    def size(self) -> int:
        """Values of one picture."""
        return prod(self.shape)

    def twin(self) -> "Activation":
        """The same pictures for one more step that reads them, with a separate gradient."""
        twin = copy(self)
        twin.grad = None if self.grad is None else self.memory.take(self.grad.size, self.grad.dtype)
        return twin

    def share_gradient(self, grad: Any) -> None:
        """Let its gradient be the same array as that of other pictures."""
        self.memory.give_back(self.grad)
        self.grad = self.memory.share(grad)

    def give_back(self) -> None:
        """Let others use the array of its gradient: all steps that use it have been made."""
        self.memory.give_back(self.grad)

    @property
    def pixels(self) -> int:
        return self.height * self.width


def read(out: Activation, n: int) -> Array:
    """The first n rows of an activation, on the host."""
    rows: Array = download(out.data, (n, out.size))
    return rows


class Step(steps.Step):
    """A step whose arrays are on the GPU."""

    x: Activation
    out: Activation

    @classmethod
    def _sizes(cls, values: Iterable[Any]) -> dict[int, int]:
        arrays = [value for value in values if is_on_device(value)]
        return {id(each): each.nbytes for each in arrays}

    def _passed_on(self, addend: Activation, n: int) -> list[Call]:
        """Copy the gradient of out to the gradient of an addend; no call if both are the same array."""
        if addend.grad is None or addend.grad is self.out.grad:
            return []
        count = n * self.out.size
        return [self._each(elementwise.copy_all, count, addend.grad, self.out.grad, count)]

    def _each(self, kernel: Any, elements: int, *args: Any) -> Call:
        """A kernel with a thread for each element."""
        return kernel, (*line_grid(elements), *args)
