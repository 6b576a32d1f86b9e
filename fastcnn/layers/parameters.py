"""Parameters as named windows into one flat array.

A network keeps all values that training changes in one flat array, their gradients in a second and what is kept but not
trained (running statistics) in a third. An optimizer then makes one pass over two arrays, and a checkpoint is a few
large copies. Each window starts on a 64-byte boundary; the gaps between windows hold zeros and every optimizer keeps
them zero (zero value, zero gradient).

The order in memory is the order in which the kernels compute, which for one layer (Affine) is not the order that
everyone sees; `Parameter.axes` says how to go from one to the other.
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
    """What a layer asks for: the shapes and the start of one parameter or buffer, before any memory exists.

    name : the attribute of the layer that will hold it
    shape : the shape everyone sees
    storage_shape, axes : `storage.transpose(axes).reshape(shape)` is what everyone sees
    std : standard deviation of the normal distribution it starts from; 0 starts from `fill`
    fill : the constant it starts from where std is 0
    trained : False for a buffer
    least : a file may hold no value below it
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
    shape : the shape everyone sees
    kernel_storage : view into the network's values (or buffers), in the order that the kernels compute in; for steps
    grad_storage : the same window of the network's gradients; None for a buffer
    axes : `storage.transpose(axes).reshape(shape)` is the array that everyone sees
    lend : called with an array before somebody may write to it; see `network.memory`
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
        """The values in the order that the kernels compute in: what is written to it is written to the network."""
        return self.lend(self.kernel_storage)

    @property
    def array(self) -> Array:
        """The values as everyone sees them: read-only, current, a view where the order in memory allows it."""
        return self._seen(self.kernel_storage)

    @property
    def grad(self) -> Array:
        """The gradient as everyone sees it; read-only. Raises ValueError for a buffer, which has none."""
        return self._seen(self._gradient_storage())

    def assign(self, array: Array) -> None:
        """Write values through to the network.

        Raises ValueError unless array has this parameter's shape, TypeError unless it holds floats or integers.
        """
        self._write(self.storage, array)

    def assign_grad(self, array: Array) -> None:
        """Write a gradient through to the network; raises as `assign`, and ValueError for a buffer."""
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
    """Copy a flat array of numbers into one as long; TypeError or ValueError, which names it, where it is another."""
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
    """A declaration whose order in memory is the order that everyone sees."""
    return Declaration(name, shape, shape, tuple(range(len(shape))), std, fill, trained, least)


def allocate(
    declarations: Sequence[tuple[str, Declaration]], dtype: DTypeLike
) -> tuple[Array, Array, Array, dict[str, Parameter]]:
    """Lay out the declared parameters and buffers.

    Parameters
    ----------
    declarations : (full name, declaration) pairs, in order
    dtype : float32 or float64

    Returns
    -------
    values, gradients, buffers : flat zeroed arrays, 64-byte aligned, the first two of one length
    windows : full name -> Parameter, parameters and buffers alike
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
    """Draw in float64 and in the order that everyone sees: the start depends on neither dtype nor order in memory."""
    generator = np.random.default_rng(None if seed is None else integer("seed", seed, 0))
    for name, declaration in declared:
        if declaration.std > 0:
            windows[name].assign(declaration.std * generator.standard_normal(declaration.shape))
        else:
            windows[name].assign(np.full(declaration.shape, declaration.fill))
