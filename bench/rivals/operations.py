"""A network as rivals get it: a list of operations, each a layer's description with its place. It is plain data.

A converter has a method for each kind of layer, with the kind's name in small letters. What it has no method for, it
refuses with one sentence.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastcnn.errors import FastcnnError
from fastcnn.layers.base import Layer

Operation = dict[str, Any]
State = Mapping[str, Any]  # a network's arrays by name, as `Sequential.state_arrays` gives them

TRAINED = ("weight", "bias")  # the parameters of every layer that has some, in their order
# What the converters read. Any other option must have its default.
READ = {
    "Conv2d": {"out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias"},
    "BatchNorm2d": {"momentum", "eps"},
    "MaxPool2d": {"kernel_size", "stride", "padding"},
    "Affine": {"out_features"},
    "Dropout": {"rate", "seed"},
    "Normalize": {"mean", "scale"},
    "LeakyReLU": {"negative_slope"},
}


class UnknownLayerError(FastcnnError):
    """A layer, or an option of it, that a rival's converter does not know."""


def operations(layers: Iterable[Layer]) -> list[Operation]:
    """The layers as data.

    Each operation has `type`, `name` and the layer's options. An Affine after a Flatten has the `image` (C, H, W) that
    its features come from, else None. Residual and Concat have `rows`, each a list of operations.
    """
    return [_operation(layer) for layer in layers]


def _operation(layer: Layer) -> Operation:
    found = {"type": type(layer).__name__, "name": layer.name}
    if layer.inside:
        return found | {"rows": [operations(row) for row in vars(layer)["rows"].values()]}
    options = {name: getattr(layer, name) for name in layer.OPTIONS}
    for name in set(options) - READ.get(found["type"], set()):
        default = inspect.signature(type(layer).__init__).parameters[name].default
        if options[name] not in (default, (default, default)):
            raise UnknownLayerError(f"layer {layer.name} ({found['type']}): no rival is given the option {name}")
    if "padding" in options:
        options["padding"] = layer.border if found["type"] == "Conv2d" else options["padding"]
    if found["type"] == "Affine":
        stored = layer.declarations[0].storage_shape
        options["image"] = (stored[3], stored[1], stored[2]) if len(stored) == 4 else None
    return found | options


def walk(found: Iterable[Operation]) -> Iterator[Operation]:
    """All operations that hold no others, in the order of the layers."""
    for operation in found:
        if "rows" in operation:
            for row in operation["rows"]:
                yield from walk(row)
        else:
            yield operation


def trained_names(found: Iterable[Operation], state: State) -> list[str]:
    """The names of the trained parameters, in their order."""
    names = [f"{operation['name']}.{each}" for operation in walk(found) for each in TRAINED]
    return [name for name in names if name in state]


class Converter:
    """What all converters share: finding the method for an operation."""

    RIVAL = ""

    def convert(self, operation: Operation, *more: Any) -> Any:
        """What the method for this operation returns; UnknownLayerError where there is none."""
        form = getattr(self, operation["type"].lower(), None)
        if form is None:
            raise self.unknown(operation)
        return form(operation, *more)

    def unknown(self, operation: Operation, what: str = "") -> UnknownLayerError:
        what = f" with {what}" if what else ""
        return UnknownLayerError(
            f"layer {operation['name']} ({operation['type'][:40]}){what} has no form in {self.RIVAL}"
        )


class Applying(Converter):
    """A converter whose methods take an operation, a value and `training`, and return the next value."""

    def run(self, found: Iterable[Operation], x: Any, training: bool = False) -> Any:
        """What the operations make of x, one after the other."""
        for operation in found:
            x = self.convert(operation, x, training)
        return x

    def residual(self, operation: Operation, x: Any, training: bool) -> Any:
        main, shortcut = (self.run(row, x, training) for row in operation["rows"])
        return self.added(main, shortcut)

    def concat(self, operation: Operation, x: Any, training: bool) -> Any:
        return self.joined([self.run(row, x, training) for row in operation["rows"]])

    def added(self, first: Any, second: Any) -> Any:
        return first + second

    def joined(self, parts: list[Any]) -> Any:
        """Channels, or features, side by side."""
        raise NotImplementedError
