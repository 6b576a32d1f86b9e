"""The tensors of a graph that do not depend on the pictures. Those that some nodes make of others are computed."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from fastcnn.arrays import Array
from fastcnn.errors import FastcnnError
from fastcnn.kernels.values import shown
from fastcnn.onnx.paths import NodeError

MAX_COMPUTED = 1 << 27  # numbers in all constants that nodes make
BATCH = 0  # what stands for the number of pictures in a shape: "as it is" for Reshape
OF_CONSTANT = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}


def array_of(tensor: Any) -> Array:
    """The array of a tensor, whose data must be in the file itself."""
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise FastcnnError(f"the data of {tensor.name[:40]!r} lie in another file; export with external_data=False")
    try:
        if min(tensor.dims, default=0) < 0:
            raise ValueError("a size below 0")
        return np.array(numpy_helper.to_array(tensor))
    except (TypeError, ValueError, KeyError) as error:
        raise FastcnnError(f"the data of {tensor.name[:40]!r} do not fit its sizes or type") from error


def attributes(node: Any) -> dict[str, Any]:
    """The attributes of a node by name."""
    return {each.name: helper.get_attribute_value(each) for each in node.attribute}


class Constants:
    """Constants by name, made when they are asked for.

    sizes : the shape without the batch of each tensor that a Shape may be asked of
    """

    def __init__(self, graph: Any) -> None:
        if graph.sparse_initializer:
            raise FastcnnError("it has sparse weights, which are not read")
        self._values: dict[str, Array] = {}
        for tensor in graph.initializer:
            if tensor.name in self._values:
                raise FastcnnError(f"two of its weights have the name {tensor.name[:40]!r}")
            self._values[tensor.name] = array_of(tensor)
        self._makers: dict[str, Any] = {}
        self._left = MAX_COMPUTED
        self.sizes: dict[str, tuple[int, ...]] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._values or name in self._makers

    def __getitem__(self, name: str) -> Array:
        if name not in self._values:
            self._values[name] = self._made(self._makers[name])
        return self._values[name]

    def take(self, node: Any) -> bool:
        """Whether a node gives a constant, which is kept."""
        is_given = node.op_type == "Constant"
        if not is_given and node.op_type != "Shape" and not (node.input and all(map(self.__contains__, _read(node)))):
            return False
        if node.output[0] in self:
            raise NodeError(node, f"it gives {shown(node.output[0])}, which another node gives too")
        if is_given:
            self._values[node.output[0]] = _constant(node)
        else:
            self._makers[node.output[0]] = node
        return True

    def _made(self, node: Any) -> Array:
        try:
            with np.errstate(all="ignore"):
                made = self._computed(node)
        except NodeError:
            raise
        except RecursionError:
            raise NodeError(node, "its constants are nested too deeply") from None
        except (TypeError, ValueError, IndexError, KeyError) as error:
            raise NodeError(node, f"its constant cannot be computed: {' '.join(str(error).split())[:60]}") from error
        self._left -= made.size
        return made

    def _computed(self, node: Any) -> Array:
        options = attributes(node)
        if node.op_type == "Shape":
            return self._shape(node, options)
        if node.op_type not in MAKERS:
            raise NodeError(node, "it computes constants; let the exporter fold them")
        arrays = [self[name] if name else None for name in node.input]
        size = _size(node.op_type, arrays, options)
        if size > MAX_COMPUTED:
            raise NodeError(node, f"its constant would have {size} numbers")
        if size > self._left:
            raise NodeError(node, f"the constants that nodes make have more than {MAX_COMPUTED} numbers")
        return np.asarray(MAKERS[node.op_type](options, *arrays))

    def _shape(self, node: Any, options: dict[str, Any]) -> Array:
        name = node.input[0]
        if name in self:
            whole = [*self[name].shape]
        elif name in self.sizes:
            whole = [BATCH, *self.sizes[name]]
        else:
            raise NodeError(node, "it asks for the shape of a tensor that no layer gives")
        return np.array(whole[options.get("start", 0) : options.get("end", len(whole))], np.int64)


def _read(node: Any) -> list[str]:
    return [name for name in node.input if name]


def _constant(node: Any) -> Array:
    for name, value in attributes(node).items():
        if name == "value":
            return array_of(value)
        if name in OF_CONSTANT:
            return np.array(value, OF_CONSTANT[name])
    raise NodeError(node, "it must have a tensor as its value")


def _size(op: str, arrays: list[Array | None], options: dict[str, Any]) -> int:
    """How many numbers a node will give, before it does."""
    shapes = [array.shape for array in arrays if array is not None]
    if op == "Concat":
        return sum(map(prod, shapes))
    if op == "Gather":
        x, indices = shapes
        axis: int = options.get("axis", 0)
        return int(prod(indices) * prod(x) // max(1, x[axis]))
    if op == "ConstantOfShape" and arrays[0] is not None:
        return prod(int(size) for size in arrays[0].tolist())
    return prod(np.broadcast_shapes(*shapes)) if op in BROADCAST else prod(shapes[0])


def _axes(options: dict[str, Any], given: Array | None) -> tuple[int, ...] | None:
    """The axes that newer files give as an input, and older ones as an attribute."""
    axes = options.get("axes") if given is None else given.tolist()
    return None if axes is None else tuple(np.atleast_1d(axes).tolist())


def _cast(options: dict[str, Any], x: Array) -> Array:
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(options["to"]))
    if dtype.kind not in "fiu" or x.dtype.kind not in "fiub":
        raise ValueError("only numbers are cast to numbers")
    return x.astype(dtype)


def _reshape(options: dict[str, Any], x: Array, shape: Array) -> Array:
    sizes = [x.shape[axis] if size == 0 else size for axis, size in enumerate(shape.tolist())]
    return x.reshape(sizes)


def _slice(options: dict[str, Any], x: Array, *given: Array | None) -> Array:
    starts, ends, axes, steps = [*given, None, None, None, None][:4]
    if starts is None or ends is None:
        starts, ends = np.array(options["starts"]), np.array(options["ends"])
        axes = np.array(options["axes"]) if "axes" in options else None
    places = [slice(None)] * x.ndim
    numbers = range(starts.size) if axes is None else axes.ravel().tolist()
    walks = [1] * starts.size if steps is None else steps.ravel().tolist()
    for axis, start, end, step in zip(numbers, starts.ravel().tolist(), ends.ravel().tolist(), walks, strict=True):
        places[axis] = slice(start, end, step)
    return x[tuple(places)]


def _full(options: dict[str, Any], shape: Array) -> Array:
    value = array_of(options["value"]) if "value" in options else np.zeros(1, np.float32)
    return np.full(shape.tolist(), value.reshape(()), value.dtype)


def _divided(x: Array, y: Array) -> Array:
    return x // y if x.dtype.kind in "iu" else x / y


BROADCAST: dict[str, Callable[..., Any]] = {
    "Add": np.add,
    "Div": _divided,
    "Mul": np.multiply,
    "Pow": np.power,
    "Sub": np.subtract,
}
MAKERS: dict[str, Callable[..., Any]] = {
    **{op: lambda options, x, y, function=function: function(x, y) for op, function in BROADCAST.items()},
    "Cast": _cast,
    "Concat": lambda options, *arrays: np.concatenate(arrays, options["axis"]),
    "ConstantOfShape": _full,
    "Gather": lambda options, x, indices: np.take(x, indices.astype(np.int64), options.get("axis", 0)),
    "Identity": lambda options, x: x,
    "Neg": lambda options, x: np.negative(x),
    "Reciprocal": lambda options, x: np.reciprocal(x),
    "Reshape": _reshape,
    "Slice": _slice,
    "Sqrt": lambda options, x: np.sqrt(x),
    "Squeeze": lambda options, x, axes=None: np.squeeze(x, _axes(options, axes)),
    "Transpose": lambda options, x: x.transpose(options.get("perm")),
    "Unsqueeze": lambda options, x, axes=None: np.expand_dims(x, _axes(options, axes) or ()),
}
