"""What flows between steps on the GPU, and what every step is."""

from contextlib import AbstractContextManager, nullcontext
from math import prod
from typing import Any

from fastcnn.kernels.cuda.memory import download, empty
from fastcnn.kernels.cuda.products import Call
from fastcnn.kernels.cuda.sizes import check_count, line_grid
from fastcnn.kernels.shapes import Array, Padding


def entry(calls: list[Call]) -> AbstractContextManager[None]:
    """Nothing is held while calls run: the driver queues them."""
    return nullcontext()


def without_twins(calls: list[Call]) -> list[Call]:
    """The calls as they are: a GPU's kernels have no serial twins."""
    return calls


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

    @property
    def pixels(self) -> int:
        return self.height * self.width


def read(out: Activation, n: int) -> Array:
    """The first n rows of an activation, on the host."""
    rows: Array = download(out.data, (n, out.size))
    return rows


class Step:
    """What all steps share. x, out: the activations before and behind it; products: multiply-adds a picture."""

    name = ""
    products = 0

    def __init__(self, x: Activation, out: Activation) -> None:
        self.x, self.out = x, out
        self.dtype = out.data.dtype

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        raise NotImplementedError

    def backward_calls(self, n: int) -> list[Call]:
        raise NotImplementedError

    @property
    def nbytes(self) -> int:
        """Bytes of its output, of that one's gradient, and of its own arrays, parameters included."""
        arrays = {id(array): array for array in [self.out.data, self.out.grad, *vars(self).values()]}
        return sum(int(array.nbytes) for array in arrays.values() if hasattr(array, "copy_to_host"))

    @property
    def gradient_products(self) -> int:
        """Multiply-adds a picture in backward."""
        return 0

    def _each(self, kernel: Any, elements: int, *args: Any) -> Call:
        """A kernel with one thread an element."""
        return kernel, (*line_grid(elements), *args)
