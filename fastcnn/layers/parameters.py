"""Parameters as named windows into one flat array.

A network has three flat arrays: the trained values, their gradients, and the buffers (running statistics), which are
not trained. An optimizer therefore makes one pass over two arrays, and a checkpoint is a few large copies. Each window
starts on a 64-byte boundary. The gaps between windows hold zeros, and every optimizer keeps them zero (zero value,
zero gradient).

The order in memory is the order that the kernels use. For some layers (Affine) users see another order.
`Parameter.axes` says how to convert one to the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, prod

import numpy as np
from numpy.typing import DTypeLike

from fastcnn.arrays import Array
from fastcnn.kernels.arrays import aligned_zeros, padded_count
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import is_array, kind_of


@dataclass(frozen=True)
class Declaration:
    """A parameter or buffer that a layer asks for: its shapes and initial values, before memory is allocated.

    name : the attribute of the layer that will hold it
    shape : the shape that users see
    storage_shape, axes : `storage.transpose(axes).reshape(shape)` is the array that users see
    std : standard deviation of the normal distribution of the initial values; 0 means that they are `fill`
    fill : the initial value if std is 0
    trained : False for a buffer
    least : the smallest value that a file may hold
    """

    name: str
    shape: tuple[int, ...]
    storage_shape: tuple[int, ...]
    axes: tuple[int, ...]
    std: float = 0.0
    fill: float = 0.0
    trained: bool = True
    least: float = -inf


class Parameter:
    """A named window into a network's flat arrays.

    name : "0.weight": index of the layer, then the attribute's name
    shape : the shape that users see
    kernel_storage : view into the network's values (or buffers), in the order that the kernels use; for steps
    grad_storage : the same window of the network's gradients; None for a buffer
    axes : `storage.transpose(axes).reshape(shape)` is the array that users see
    lend : called with an array before it is given to code that may write to it; see `network.memory`
    """

    def __init__(
        self, name: str, shape: tuple[int, ...], storage: Array, grad_storage: Array | None, axes: tuple[int, ...]
    ) -> None:
        self.name = name
        self.shape = shape
        self.kernel_storage = storage
        self.grad_storage = grad_storage
        self.axes = axes
        self.lend: Callable[[Array], Array] = lambda array: array

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, shape={self.shape}, dtype={self.kernel_storage.dtype})"

    @property
    def size(self) -> int:
        """The number of values."""
        return self.kernel_storage.size

    @property
    def storage(self) -> Array:
        """The values in the order that the kernels use. Writing to this array changes the network."""
        return self.lend(self.kernel_storage)

    @property
    def array(self) -> Array:
        """The current values in the users' order: read-only, and a view if the order in memory allows it."""
        return self._seen(self.kernel_storage)

    @property
    def grad(self) -> Array:
        """The gradient in the users' order, read-only. Raises ValueError for a buffer, which has none."""
        return self._seen(self._gradient_storage())

    def assign(self, array: Array) -> None:
        """Write values to the network.

        Raises ValueError unless array has this parameter's shape, TypeError unless it holds floats or integers.
        """
        self._write(self.storage, array)

    def assign_grad(self, array: Array) -> None:
        """Write a gradient to the network. Raises the errors of `assign`, and ValueError for a buffer."""
        self._write(self._gradient_storage(), array)

    def _gradient_storage(self) -> Array:
        if self.grad_storage is None:
            raise ValueError(f"{self.name} is a buffer: it has no gradient")
        return self.grad_storage

    def _seen(self, storage: Array) -> Array:
        array = storage.transpose(self.axes).reshape(self.shape)
        array.flags.writeable = False
        return array

    def _write(self, storage: Array, array: Array) -> None:
        if not is_array(array) or array.dtype.kind not in "fiu":
            raise TypeError(f"{self.name} needs an array of numbers, not {kind_of(array)}")
        if array.shape != self.shape:
            raise ValueError(f"{self.name} has the shape {self.shape}, so it cannot take an array of {array.shape}")
        seen = storage.transpose(self.axes)
        seen[...] = array.reshape(seen.shape)


def copy_flat(name: str, array: Array, target: Array) -> None:
    """Copy a flat array of numbers into one of the same length; TypeError or ValueError, with `name`, if it differs."""
    if not is_array(array) or array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must be an array of numbers, not {kind_of(array)}")
    if array.shape != target.shape:
        raise ValueError(f"{name} must have the shape {target.shape}, not {array.shape}")
    target[:] = array


def plain(
    name: str,
    shape: tuple[int, ...],
    *,
    std: float = 0.0,
    fill: float = 0.0,
    trained: bool = True,
    least: float = -inf,
) -> Declaration:
    """A declaration whose order in memory is the order that users see."""
    return Declaration(name, shape, shape, tuple(range(len(shape))), std, fill, trained, least)


def allocate(
    declarations: Sequence[tuple[str, Declaration]], dtype: DTypeLike
) -> tuple[Array, Array, Array, dict[str, Parameter]]:
    """Allocate the declared parameters and buffers.

    Parameters
    ----------
    declarations : (full name, declaration) pairs, in order
    dtype : float32 or float64

    Returns
    -------
    values, gradients, buffers : flat arrays of zeros, 64-byte aligned; the first two have the same length
    windows : full name -> Parameter, for parameters and buffers
    """
    lengths = {True: 0, False: 0}
    starts = []
    for _, declaration in declarations:
        starts.append(lengths[declaration.trained])
        lengths[declaration.trained] += padded_count(prod(declaration.shape), dtype)
    values, gradients = aligned_zeros(lengths[True], dtype), aligned_zeros(lengths[True], dtype)
    buffers = aligned_zeros(lengths[False], dtype)
    windows = {}
    for (name, declaration), start in zip(declarations, starts, strict=True):
        window = slice(start, start + prod(declaration.shape))
        storage = (values if declaration.trained else buffers)[window].reshape(declaration.storage_shape)
        grad_storage = gradients[window].reshape(declaration.storage_shape) if declaration.trained else None
        windows[name] = Parameter(name, declaration.shape, storage, grad_storage, declaration.axes)
    return values, gradients, buffers, windows


def initialise(declared: Sequence[tuple[str, Declaration]], windows: dict[str, Parameter], seed: int | None) -> None:
    """Draw the initial values in float64 and in the users' order: they do not depend on dtype or order in memory."""
    generator = np.random.default_rng(None if seed is None else integer("seed", seed, 0))
    for name, declaration in declared:
        if declaration.std > 0:
            windows[name].assign(declaration.std * generator.standard_normal(declaration.shape))
        else:
            windows[name].assign(np.full(declaration.shape, declaration.fill))
