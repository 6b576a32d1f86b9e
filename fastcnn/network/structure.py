"""Check a row of layers, and find its shapes and parameters, before memory is allocated."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fastcnn.arrays import Array
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import check_named, is_array, kind_of, shown
from fastcnn.layers.base import Layer, Signal, walk
from fastcnn.layers.kinds import layer_from_description
from fastcnn.layers.parameters import Declaration

MAX_LAYERS = 1000
MAX_NAME = 200
RESIZE = "resize"  # a picture is only scaled to the network's size
VIEWS = (1, 5)  # the picture only, or also moved to each side
# 256 MiB of float32: much more than a network for 28x28 pictures needs. It limits the memory that a file can ask for.
MAX_PARAMETERS = 1 << 26


def check_layers(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers as a tuple; TypeError unless they are a list or tuple of layers."""
    if not isinstance(layers, list | tuple | Iterator):
        raise TypeError(f"layers must be a list of layers, not {shown(layers)}")
    return tuple(layers)


def check_shape(input_shape: Sequence[int]) -> tuple[int, ...]:
    """(C, H, W) as a tuple; TypeError or ValueError if it is something else."""
    if not isinstance(input_shape, list | tuple) or len(input_shape) != 3:
        raise ValueError(f"input_shape must be (C, H, W), not {shown(input_shape)}")
    return tuple(integer("input_shape", size, 1) for size in input_shape)


def declare(
    layers: Sequence[Layer], input_shape: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...], list[tuple[str, Declaration]]]:
    """Build the layers for pictures of input_shape, without allocating memory.

    Returns input_shape and the output's shape as tuples, and each parameter and buffer with its full name. Raises
    ValueError or TypeError if the layers do not fit.
    """
    first = check_shape(input_shape)
    if not 1 <= len(layers) <= MAX_LAYERS:
        raise ValueError(f"a network has 1 to {MAX_LAYERS} layers, not {len(layers)}")
    signal, declared = Signal(first), []
    for index, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise TypeError(f"layer {index} must be a layer such as ReLU(), not {shown(layer)}")
        try:
            signal = layer.build(signal, index)
        except ValueError as error:
            raise ValueError(f"layer {index} ({type(layer).__name__}): {error}") from error
        declared += [(f"{index}.{declaration.name}", declaration) for declaration in layer.declarations]
        if len({declaration.name for declaration in layer.declarations}) < len(layer.declarations):
            raise ValueError(f"layer {index} ({type(layer).__name__}): it declares one name twice")
    if len(signal.shape) != 1:
        raise ValueError(f"the last layer must give (classes,), not {signal.shape}; end with Affine or GlobalAvgPool")
    if sum(1 for _ in walk(layers)) > MAX_LAYERS:
        raise ValueError(f"a network has at most {MAX_LAYERS} layers, those inside others counted")
    if sum(prod(declaration.shape) for _, declaration in declared) > MAX_PARAMETERS:
        raise ValueError(f"the network has more than {MAX_PARAMETERS} parameters; make a layer smaller")
    return first, signal.shape, declared


def layers_from_description(description: object) -> list[Layer]:
    """The layers of a network's description; TypeError or ValueError if it is not a description."""
    required, optional = {"name", "input_shape", "dtype", "layers"}, {"views", "classes", "preparation"}
    if not isinstance(description, dict) or set(description) - optional != required:
        raise ValueError(
            "the description must have name, input_shape, dtype and layers; views, classes and preparation may follow"
        )
    layers = description["layers"]
    if not isinstance(layers, list) or len(layers) > MAX_LAYERS:
        raise ValueError(f"the description must hold a list of at most {MAX_LAYERS} layers")
    return [layer_from_description(layer) for layer in layers]


def temperature_entry(temperature: float) -> dict[str, str]:
    """The entry for the temperature in a file's metadata: none if it is 1."""
    return {} if temperature == 1 else {"temperature": repr(float(temperature))}


def check_name(name: str) -> str:
    """The name of a network; TypeError or ValueError unless it is a printable text of at most MAX_NAME characters."""
    if not isinstance(name, str):
        raise TypeError(f"name must be a string, not {type(name).__name__}")
    if len(name) > MAX_NAME or not name.isprintable():
        raise ValueError(f"name must be at most {MAX_NAME} printable characters")
    return name


def check_views(views: int) -> int:
    """The number of views; TypeError or ValueError unless it is one of VIEWS."""
    if integer("views", views, 1) not in VIEWS:
        raise ValueError(f"views must be one of {VIEWS}, not {views}")
    return int(views)


def check_preparation(preparation: str | None) -> str | None:
    """How a picture file is prepared as an input; TypeError or ValueError unless it is RESIZE or None."""
    if not isinstance(preparation, str | None):
        raise TypeError(f"preparation must be {RESIZE!r} or None, not {shown(preparation)}")
    if preparation not in (RESIZE, None):
        raise ValueError(f"preparation must be {RESIZE!r} or None, not {shown(preparation)}")
    return preparation


def default_classes(count: int) -> tuple[str, ...]:
    """The default names of classes: "0", "1" and so on. With ten classes, these are the digits."""
    return tuple(map(str, range(count)))


def check_classes(classes: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """The names of `count` classes, by default numbers; TypeError or ValueError unless all are different names."""
    if classes is None:
        return default_classes(count)
    if isinstance(classes, str) or not isinstance(classes, Sequence) or not all(isinstance(c, str) for c in classes):
        raise TypeError("classes must be a list of the classes' names, which are strings")
    if len(classes) != count:
        raise ValueError(f"classes must have a name for each of the {count} outputs, not {len(classes)}")
    if len(set(classes)) < count or not all(0 < len(c) <= MAX_NAME and c.isprintable() for c in classes):
        raise ValueError(f"classes must have different names of 1 to {MAX_NAME} printable characters")
    return tuple(classes)


def check_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """The dtype of a network; ValueError unless it is float32 or float64."""
    named = isinstance(dtype, str | type | np.dtype)
    if not named or dtype not in (np.float32, np.float64, "float32", "float64"):
        raise ValueError(f"dtype must be float32 or float64, not {shown(dtype)}")
    return np.dtype(dtype)


def check_arrays(arrays: dict[str, Array], declared: Sequence[tuple[str, Declaration]], dtype: np.dtype[Any]) -> None:
    """ValueError unless arrays have exactly the declared names, shapes and dtype, and valid values."""
    check_named(arrays)
    expected = dict(declared)
    missing, extra = sorted(set(expected) - set(arrays)), sorted(set(arrays) - set(expected), key=str)
    if missing or extra:
        parts = [f"lacks {_some(missing)}"] * bool(missing) + [f"has {_some(extra)} in excess"] * bool(extra)
        raise ValueError(f"the set of arrays {' and '.join(parts)}")
    for name, declaration in expected.items():
        array = arrays[name]
        if not is_array(array):
            raise TypeError(f"{name} must be a NumPy array, not {kind_of(array)}")
        if array.shape != declaration.shape:
            raise ValueError(f"{name} must have the shape {declaration.shape}, not {array.shape}")
        if array.dtype != dtype:
            raise ValueError(f"{name} must be {dtype}, not {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds values that are not finite")
        if array.size and array.min() < declaration.least:
            raise ValueError(f"{name} holds values below {declaration.least:g}")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(repr(name)[:60] for name in names[:3]) + more
