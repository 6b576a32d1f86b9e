"""What flows between steps on the GPU, and what every step is."""

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
    """Nothing is held while calls run: the driver queues them."""
    return nullcontext()


def without_twins(calls: list[Call]) -> list[Call]:
    """The calls as they are: a GPU's kernels have no serial twins."""
    return calls


def compiled(calls: list[Call]) -> list[Call]:
    """Neighbours that are kernels as one call: their arguments are the same for ever."""
    return graphs(calls)


class Activation:
    """Channels-last pictures of all the batch; grad is their gradient, None where nobody asks for it."""

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
        """The same pictures for one more reader, with a gradient of its own."""
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

    @staticmethod
    def _nbytes(value: Any) -> int:
        return value.nbytes if is_on_device(value) else 0

    def _passed_on(self, addend: Activation, n: int) -> list[Call]:
        """The gradient of out as that of something that was added: a copy, unless both are one array."""
        if addend.grad is None or addend.grad is self.out.grad:
            return []
        count = n * self.out.size
        return [self._each(elementwise.copy_all, count, addend.grad, self.out.grad, count)]

    def _each(self, kernel: Any, elements: int, *args: Any) -> Call:
        """A kernel with one thread an element."""
        return kernel, (*line_grid(elements), *args)
