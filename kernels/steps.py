"""What the steps of a plan share on all backends; see `kernels.protocols`."""

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from fastcnn.kernels import protocols
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array


def found_in(package: str, folder: Iterable[str]) -> dict[str, Any]:
    """What `protocols.Steps` names, from the module in a backend's folder that defines it. No list needs a new step."""
    found: dict[str, Any] = {}
    for each in iter_modules(folder):
        module = import_module(f"{package}.{each.name}")
        for name, made in vars(module).items():
            if name in vars(protocols.Steps) and getattr(made, "__module__", "") == module.__name__:
                assert name not in found, f"two modules of {package} define {name}"
                found[name] = made
    return found


class Step(protocols.Step):
    """What all steps share."""

    name = ""
    products = 0

    def __init__(self, x: Any, out: Any) -> None:
        self.x, self.out = x, out
        self.dtype = out.data.dtype

    @property
    def arrays(self) -> dict[int, int]:
        """Bytes of each array, by its address: output, its gradient, and the step's own ones with the parameters."""
        return self._sizes([self.out.data, self.out.grad, *vars(self).values()])

    @classmethod
    def _sizes(cls, values: Iterable[Any]) -> dict[int, int]:
        """The same for the arrays among the attributes of a step."""
        raise NotImplementedError

    @property
    def gradient_products(self) -> int:
        """Multiply-adds of one picture in backward: the gradients of the parameters, and of x if a step needs it."""
        return self.products * (1 if self.x.grad is None else 2)

    def prepare_calls(self) -> list[Call]:
        """The kernels that must run before `forward_calls` after parameters have changed."""
        return []

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        """The kernels of a batch of n pictures, with their arguments."""
        return []

    def backward_calls(self, n: int) -> list[Call]:
        """The kernels of the gradients of n pictures, with their arguments."""
        return []


class Add(Step):
    """out = x + addend, with the ReLU after it."""

    def __init__(self, x: Any, addend: Any, out: Any, *, relu: bool) -> None:
        super().__init__(x, out)
        self.name, self.addend, self.relu = "add" + (" + relu" if relu else ""), addend, relu


class Concat(Step):
    """out = the channels of all parts, in order."""

    name = "concat"

    def __init__(self, parts: Sequence[Any], out: Any) -> None:
        super().__init__(parts[0], out)
        self.parts = parts


class Fork(Step):
    """A value that several steps read: the first step reads x, the others read its twins."""

    name = "sum of gradients"

    def __init__(self, x: Any, twins: Sequence[Any]) -> None:
        super().__init__(x, x)
        self.twins = twins

    @property
    def arrays(self) -> dict[int, int]:
        """The twins' gradients; all other arrays belong to other steps."""
        return self._sizes([twin.grad for twin in self.twins])


class LayerStep(Step):
    """A layer that has no kernels. It runs by its own methods, on arrays of the host.

    The step copies the pictures to the layout of the layer's methods, calls the layer, and copies the result back.

    name, products : those of the layer
    in_shape, out_shape : the shapes of one picture, (C, H, W) or (features,); the order in memory may be another
    parameters, gradients : the windows of the layer; a buffer has no gradient
    forward : (x, training) -> out, of n pictures
    backward : grad_out -> the gradient of x, or None if x needs none
    """

    def __init__(
        self, x: Any, out: Any, *, name: str, products: int, in_shape: tuple[int, ...], out_shape: tuple[int, ...],
        parameters: dict[str, Array], gradients: dict[str, Array],
        forward: Callable[[Array, bool], Array], backward: Callable[[Array], Array | None],
    ) -> None:  # fmt: skip
        super().__init__(x, out)
        self.name, self.products = name, products
        self.parameters, self.gradients = parameters, gradients
        self._in_shape, self._out_shape = in_shape, out_shape
        self._layer_forward, self._layer_backward = forward, backward

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return [(self._forward, (n, training))]

    def backward_calls(self, n: int) -> list[Call]:
        return [(self._backward, (n,))]

    def _forward(self, n: int, training: bool) -> None:
        raise NotImplementedError

    def _backward(self, n: int) -> None:
        raise NotImplementedError
