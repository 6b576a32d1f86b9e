"""What the steps of a network's plan are on every backend; see `kernels.cpu.steps`."""

from typing import Any

# A kernel, or what starts one, with its ready arguments.
Call = tuple[Any, tuple[Any, ...]]


class Step:
    """What all steps share. x, out: the activations before and behind it; products: multiply-adds a picture."""

    name = ""
    products = 0

    def __init__(self, x: Any, out: Any) -> None:
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
        return sum(map(self._nbytes, arrays.values()))

    @staticmethod
    def _nbytes(value: object) -> int:
        """Bytes of the arrays that a step's attribute holds."""
        raise NotImplementedError

    @property
    def gradient_products(self) -> int:
        """Multiply-adds a picture in backward."""
        return 0
