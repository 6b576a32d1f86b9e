"""The activations between steps on the GPU, and the base class of the steps."""

from contextlib import AbstractContextManager, nullcontext
from copy import copy
from math import prod
from typing import Any

from fastcnn.kernels import steps
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


class Activation:
    """The channels-last pictures of a batch; grad is their gradient, None if no step needs it."""

    def __init__(self, shape: tuple[int, ...], border: Padding, capacity: int, dtype: Any, with_grad: bool) -> None:
        self.shape = shape
        self.channels, self.height, self.width = shape if len(shape) == 3 else (*shape, 1, 1)
        check_count((capacity, *shape))
        self.data = empty(capacity * self.size, dtype)
        self.grad: Any = empty(capacity * self.size, dtype) if with_grad else None

    @property
    def size(self) -> int:
        """Values of one picture."""
        return prod(self.shape)

    def twin(self) -> "Activation":
        """The same pictures for one more step that reads them, with a separate gradient."""
        twin = copy(self)
        twin.grad = None if self.grad is None else empty(self.grad.size, self.grad.dtype)
        return twin

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
    def _nbytes(cls, value: Any) -> int:
        return value.nbytes if is_on_device(value) else 0

    def _passed_on(self, addend: Activation, n: int) -> list[Call]:
        """Copy the gradient of out to the gradient of an addend; no call if both are the same array."""
        if addend.grad is None or addend.grad is self.out.grad:
            return []
        count = n * self.out.size
        return [self._each(elementwise.copy_all, count, addend.grad, self.out.grad, count)]

    def _each(self, kernel: Any, elements: int, *args: Any) -> Call:
        """A kernel with a thread for each element."""
        return kernel, (*line_grid(elements), *args)
