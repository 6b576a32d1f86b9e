"""Layers that contain layers: `Residual` adds the outputs of two rows of layers, `Concat` concatenates several outputs.

An inner layer has a name with dots: the first layer of the `Residual` at place 3 is "3.0", its weight "3.0.weight".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.values import shown
from fastcnn.layers.base import Layer, Signal
from fastcnn.layers.kinds import layer_from_description
from fastcnn.layers.parameters import Parameter
from fastcnn.layers.running import run_backward, run_forward

# The number of an inner layer is the number of its outer layer with one more digit, to this base. No two layers share a
# number. Dropout's masks depend on it.
NUMBERS = 1024
MAX_DEPTH = 64  # each nested layer uses some of Python's stack, and a file must load on every machine
Row = tuple[Layer, ...]


class Composite(Layer):
    """What layers that contain layers share. Each row of layers reads the same input.

    rows : the rows of layers; each key is the start of the layers' names: "" and "shortcut.", or "0." and "1."
    depth : the number of nested levels of such layers; this layer counts as 1
    in_one_order : whether the outputs of all rows have the same order in memory. If not (one row ends in an Affine,
        another in a Flatten), the layer runs by its own methods
    """

    def __init__(self, rows: dict[str, Row]) -> None:
        super().__init__()
        self.rows, self.in_one_order = rows, True
        for layer in self.inside:
            if not isinstance(layer, Layer):
                raise TypeError(f"{type(self).__name__} takes layers such as ReLU(), not {shown(layer)}")
        self.depth: int = 1 + max((layer.depth for layer in self.inside if isinstance(layer, Composite)), default=0)
        if self.depth > MAX_DEPTH:
            name = type(self).__name__
            raise ValueError(f"{name} is nested too deeply: at most {MAX_DEPTH} layers inside one another")

    def __repr__(self) -> str:
        return self.shown(repr)

    def shown(self, each: Callable[[Layer], str]) -> str:
        """The Python call that makes such a layer; `each` shows an inner layer."""
        rows = ", ".join(f"[{', '.join(map(each, row))}]" for row in self.rows.values())
        return f"{type(self).__name__}({rows})"

    @property
    def inside(self) -> Row:
        return tuple(layer for row in self.rows.values() for layer in row)

    @property
    def multiply_adds(self) -> int:
        return sum(layer.multiply_adds for layer in self.inside)

    @property
    def least_batch(self) -> int:
        return max((layer.least_batch for layer in self.inside), default=1)

    def _build(self, incoming: Signal) -> Signal:
        self.declarations, outgoing = [], []
        number = (self.index + 1) * NUMBERS
        for prefix, row in self.rows.items():
            signal = incoming
            for place, layer in enumerate(row):
                name = f"{self.name}.{prefix}{place}"
                try:
                    signal = layer.build(signal, number, name)
                except ValueError as error:
                    raise ValueError(f"layer {name} ({type(layer).__name__}): {error}") from error
                number += 1
                self.declarations += [replace(each, name=f"{prefix}{place}.{each.name}") for each in layer.declarations]
            outgoing.append(signal)
        return self._meet(outgoing)

    def _meet(self, outgoing: list[Signal]) -> Signal:
        """The output signal, from the output signals of the rows; ValueError if they do not fit together."""
        raise NotImplementedError

    def _one_image(self, outgoing: list[Signal]) -> tuple[int, ...] | None:
        """The shape of the flattened picture that all rows give; None if they give something else."""
        images = {each.image for each in outgoing}
        self.in_one_order = len(images) == 1
        return images.pop() if self.in_one_order else None

    def attach(self, parameters: dict[str, Parameter]) -> None:
        super().attach(parameters)
        for prefix, row in self.rows.items():
            for place, layer in enumerate(row):
                start = f"{prefix}{place}."
                layer.attach({each.name: parameters[start + each.name] for each in layer.declarations})

    def forget(self) -> None:
        super().forget()
        for layer in self.inside:
            layer.forget()

    def _forward_row(self, row: Row, x: Array, training: bool) -> Array:
        for layer in row:
            layer.step = self.step
            x = run_forward(layer, x, training)
        return x

    @staticmethod
    def _backward_row(row: Row, grad: Array) -> Array:
        for layer in reversed(row):
            grad = run_backward(layer, grad)
        return grad


class Residual(Composite):
    """layers(x) + shortcut(x) (He, Zhang, Ren and Sun 2015, https://arxiv.org/abs/1512.03385).

    Parameters
    ----------
    layers : new layers, at least one
    shortcut : new layers; none for x itself. Layers and shortcut must give the same shape

    If you want a ReLU, put it after this layer: fused steps compute it together with the addition.
    """

    OPTIONS = ("layers", "shortcut")

    def __init__(self, *layers: Layer, shortcut: Sequence[Layer] | Layer = ()) -> None:
        self.layers, self.shortcut = tuple(layers), _row("shortcut", shortcut)
        if not layers:
            raise ValueError("Residual needs at least one layer")
        super().__init__({"": self.layers, "shortcut.": self.shortcut})

    def shown(self, each: Callable[[Layer], str]) -> str:
        shortcut = [f"shortcut=[{', '.join(map(each, self.shortcut))}]"] if self.shortcut else []
        return f"{type(self).__name__}({', '.join([*map(each, self.layers), *shortcut])})"

    def describe(self) -> dict[str, Any]:
        rows = {"layers": self.layers, "shortcut": self.shortcut}
        return {"type": type(self).__name__, **{name: [each.describe() for each in row] for name, row in rows.items()}}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Residual:
        rows = {name: _described(name, row) for name, row in options.items()}
        return cls(*rows["layers"], shortcut=rows["shortcut"])

    def _meet(self, outgoing: list[Signal]) -> Signal:
        main, shortcut = outgoing
        if main.shape != shortcut.shape:
            raise ValueError(
                f"its layers give {main.shape}, its shortcut {shortcut.shape}; give it a shortcut that changes the "
                "shape, such as a Conv2d with kernel_size 1"
            )
        return Signal(main.shape, self._one_image(outgoing))

    def forward(self, x: Array, training: bool) -> Array:
        return self._forward_row(self.layers, x, training) + self._forward_row(self.shortcut, x, training)

    def backward(self, grad_out: Array) -> Array:
        return self._backward_row(self.layers, grad_out) + self._backward_row(self.shortcut, grad_out)


class Concat(Composite):
    """The channels, or features, of all branches, concatenated in order.

    Parameters
    ----------
    branches : two or more, each a new layer or a list of new layers; an empty list is x itself
    """

    OPTIONS = ("branches",)

    def __init__(self, *branches: Sequence[Layer] | Layer) -> None:
        if len(branches) < 2:
            raise ValueError(f"Concat needs at least two branches, not {len(branches)}")
        self.branches = tuple(_row("branches", each) for each in branches)
        super().__init__({f"{number}.": row for number, row in enumerate(self.branches)})

    def describe(self) -> dict[str, Any]:
        return {"type": type(self).__name__, "branches": [[each.describe() for each in row] for row in self.branches]}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Concat:
        branches = options["branches"]
        if not isinstance(branches, list):
            raise ValueError("branches must be a list of lists of layers")
        return cls(*(_described("branches", each) for each in branches))

    def _meet(self, outgoing: list[Signal]) -> Signal:
        first = outgoing[0]
        if any(each.shape[1:] != first.shape[1:] for each in outgoing):
            shapes = ", ".join(str(each.shape) for each in outgoing)
            raise ValueError(f"its branches must give pictures of one height and width, or features, not {shapes}")
        channels = sum(each.image[0] for each in outgoing if each.image is not None)
        image = self._one_image([each._replace(image=each.image and (0, *each.image[1:])) for each in outgoing])
        return Signal((sum(each.shape[0] for each in outgoing), *first.shape[1:]), image and (channels, *image[1:]))

    def forward(self, x: Array, training: bool) -> Array:
        return np.concatenate([self._forward_row(row, x, training) for row in self.branches], axis=1)

    def backward(self, grad_out: Array) -> Array:
        sizes = [row[-1].out_shape[0] if row else self.in_shape[0] for row in self.branches]
        parts = np.split(grad_out, np.cumsum(sizes)[:-1], axis=1)
        total, *others = [self._backward_row(row, part) for row, part in zip(self.branches, parts, strict=True)]
        for grad in others:
            total = total + grad
        return total


def _row(name: str, layers: Sequence[Layer] | Layer) -> Row:
    """One layer or several as a tuple."""
    if isinstance(layers, Layer):
        return (layers,)
    if not isinstance(layers, list | tuple):
        raise TypeError(f"{name} must be layers, or lists of layers, not {shown(layers)}")
    return tuple(layers)


def _described(name: str, row: object) -> Row:
    """The layers of a description."""
    if not isinstance(row, list):
        raise ValueError(f"{name} must be a list of layers")
    return tuple(layer_from_description(each) for each in row)
