"""From layers to the steps of a plan: which layers become one step, and the values between steps.

Convolution + ReLU + 2x2 max-pool become one step, convolution or batch normalisation + addition + ReLU another, Affine
+ ReLU another. Outside a training, a batch normalisation directly after a convolution becomes part of its weight and
bias. Between steps, pictures are channels-last and have the border of zeros that the next convolution reads. So no step
has to transpose or pad them.

A layer without a fused step (`Layer.fused`) runs by its own methods (`LayerStep`). So does a subclass of a fused layer,
because it may compute something else.

If several steps read a value, it has one gradient for each of them; a `Fork` adds them. The gradient of an addition is
also the gradient of its two inputs. All three share one array, unless a step before the addition writes to that array.

A gradient is needed only by the steps next to its value. `_give_back` says when the last of them has been made; a later
value then gets the same array for its gradient (`kernels.memory`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from fastcnn.kernels.protocols import Activation, DropoutStep, InputStep, Step, Steps
from fastcnn.kernels.shapes import NO_BORDER, Padding
from fastcnn.layers.activation import ReLU
from fastcnn.layers.affine import Flatten
from fastcnn.layers.base import Layer, Place
from fastcnn.layers.composite import Concat, Residual
from fastcnn.layers.dropout import Dropout
from fastcnn.layers.normalization import BatchNorm2d
from fastcnn.layers.pooling import MaxPool2d
from fastcnn.layers.running import run_backward, run_backward_lowest, run_forward


class Value(NamedTuple):
    """A value between steps.

    border : the zeros round each picture
    has_gradient : whether it is a training and a layer before it has parameters
    """

    data: Activation
    border: Padding
    has_gradient: bool


class Node(NamedTuple):
    """A step, the names of its layers, and whether backward runs it."""

    step: Step
    layers: str
    has_backward: bool


class End(NamedTuple):
    """What is required of the last value of a row of layers.

    border : the border that the next step needs
    gradient : the array of its gradient, if that is shared; None for an array of its own
    always : whether it has a gradient even if no layer has parameters, because the loss writes it
    """

    border: Padding = NO_BORDER
    gradient: Any = None
    always: bool = False


class Nodes:
    """The nodes of one network's plan, in the order in which forward runs them.

    Parameters
    ----------
    layers : attached layers, in order
    steps : the backend's module of steps
    capacity : the largest number of pictures in a batch
    training : whether gradients and dropout are computed

    out : the logits
    dropouts : the steps that need a key before each batch, with their layers
    own : the layers that run by their own methods
    """

    def __init__(
        self, layers: Sequence[Layer], input_shape: tuple[int, ...], dtype: np.dtype[Any], steps: Steps, *,
        capacity: int, training: bool,
    ) -> None:  # fmt: skip
        self._steps, self._dtype, self._capacity, self._training = steps, dtype, capacity, training
        self._memory = steps.Memory()
        self.nodes: list[Node] = []
        self.dropouts: list[tuple[DropoutStep, Dropout]] = []
        self.own: list[Layer] = []
        border = self._border_before(layers, NO_BORDER)
        first = Value(self._activation(input_shape, border, False), border, False)
        self.input: InputStep = steps.Input(first.data)
        self._append(self.input, "", False)
        self.out = self._flat(self._row(layers, first, End(always=True))).data

    def _row(self, layers: Sequence[Layer], x: Value, end: End) -> Value:
        """Append the steps of a row of layers; returns the output value."""
        layers, at = self._kept(layers), 0
        while at < len(layers):
            if type(layers[at]) is Flatten:
                at += 1  # the layers after it read channels-last memory without a change
                continue
            stop, norm, relu, pool = self._group_at(layers, at)
            last = all(type(layer) is Flatten for layer in layers[stop:])
            border = self._border_before(layers[stop:], end.border)
            # A step with a ReLU may write to the gradient of its output, so its output has an own gradient.
            here = End(border, end.gradient if last and not relu else None, end.always and last)
            x = self._group(layers[at:stop], x, here, norm, relu, pool)
            at = stop
        return x

    def _group(
        self, layers: Sequence[Layer], x: Value, end: End, norm: BatchNorm2d | None, relu: bool, pool: bool
    ) -> Value:
        """Append the steps of layers that belong together. The first of them is not a Flatten."""
        layer = layers[0]
        # After a Flatten, the memory still has the order of a picture, until an Affine mixes the features.
        shape = layers[-1].out_image or layers[-1].out_shape
        has_gradient = self._training and (x.has_gradient or any(each.storages()[1] for each in layers))
        out = Value(self._activation(shape, end.border, has_gradient or end.always), end.border, has_gradient)
        if end.gradient is not None and has_gradient:
            out.data.share_gradient(end.gradient)
        if _is_residual(layer):
            self._residual(layer, x, out, layers)
        elif _is_concat(layer):
            self._concat(layer, x, out)
        else:
            x = x if layer.reads_border else self._flat(x)
            place = Place(
                self._steps, x.data, out.data, self._training, self._capacity, relu, pool,
                norm=None if norm is None else norm.norm,
            )  # fmt: skip
            step = layer.make_step(place) if layer.fused else self._layer_step(layer, x, out)
            self._append_layer(step, layers, x)
            self._give_back(x)
        return out

    def _residual(self, layer: Residual, x: Value, out: Value, group: Sequence[Layer]) -> None:
        """group : the layer, and the ReLU after it if its step computes it"""
        main, relu = self._kept(layer.layers), len(group) > 1
        x, (other,) = self._fork(x, 1)
        shared = End(gradient=out.data.grad)
        if layer.shortcut:
            other = self._row(layer.shortcut, other, shared)
        elif other.has_gradient:
            other.data.share_gradient(out.data.grad)
        before, last, norm = self._last_group(main)
        if last is not None and last.takes_sum and last.fused:
            y = self._row(before, x, End(last.border))
            place = Place(
                self._steps, y.data, out.data, self._training, self._capacity, relu, addend=other.data,
                norm=None if norm is None else norm.norm,
            )  # fmt: skip
            self._append_layer(last.make_step(place), (*main[len(before) :], *group), y)
            self._give_back(y, other)
        else:
            y = self._row(main, x, shared)
            step = self._steps.Add(y.data, other.data, out.data, relu=relu)
            self._append(step, _names(group), out.has_gradient)
            self._give_back(y, other)

    def _concat(self, layer: Concat, x: Value, out: Value) -> None:
        x, others = self._fork(x, len(layer.branches) - 1)
        parts = [self._row(row, each, End()) for row, each in zip(layer.branches, [x, *others], strict=True)]
        self._append(self._steps.Concat([each.data for each in parts], out.data), layer.name, out.has_gradient)
        self._give_back(*parts)

    def _fork(self, x: Value, more: int) -> tuple[Value, list[Value]]:
        """The value for the first step that reads it, and its twins for `more` other steps."""
        others = [x._replace(data=x.data.twin()) for _ in range(more)]
        if x.has_gradient:
            self._append(self._steps.Fork(x.data, [each.data for each in others]), "", True)
        return x, others

    def _flat(self, x: Value) -> Value:
        """The value without a border."""
        if x.border == NO_BORDER:
            return x
        out = x._replace(data=self._activation(x.data.shape, NO_BORDER, x.has_gradient), border=NO_BORDER)
        self._append(self._steps.Copy(x.data, out.data), "", x.has_gradient)
        self._give_back(x)
        return out

    def _layer_step(self, layer: Layer, x: Value, out: Value) -> Step:
        self.own.append(layer)
        parameters, gradients = layer.storages()
        return self._steps.LayerStep(
            x.data, out.data, name=type(layer).__name__, products=layer.multiply_adds, in_shape=layer.in_shape,
            out_shape=layer.out_shape, parameters=parameters, gradients=gradients, forward=partial(run_forward, layer),
            backward=partial(run_backward if x.has_gradient else run_backward_lowest, layer),
        )  # fmt: skip

    def _append_layer(self, step: Step, layers: Sequence[Layer], x: Value) -> None:
        if isinstance(layers[0], Dropout) and layers[0].fused:
            self.dropouts.append((step, layers[0]))  # type: ignore[arg-type]  # its step is a DropoutStep
        trains = self._training and (x.has_gradient or bool(layers[0].storages()[1]))
        self._append(step, _names(layers), trains)

    def _give_back(self, *values: Value) -> None:
        """All steps that read these values have been made: the arrays of their gradients may serve others."""
        for value in values:
            value.data.give_back()

    def _append(self, step: Step, layers: str, has_backward: bool) -> None:
        self.nodes.append(Node(step, layers, has_backward and self._training))

    def _activation(self, shape: tuple[int, ...], border: Padding, with_grad: bool) -> Activation:
        return self._steps.Activation(shape, border, self._capacity, self._dtype, with_grad, self._memory)

    def _group_at(self, layers: Sequence[Layer], at: int) -> tuple[int, BatchNorm2d | None, bool, bool]:
        """The end of the layers of one step, and what it computes after the first layer: norm, ReLU, max-pool."""
        layer, stop = layers[at], at + 1
        following: list[Layer | None] = [*layers[stop : stop + 3], None, None, None]
        folds = not self._training and layer.fused and layer.takes_norm and type(following[0]) is BatchNorm2d
        norm = following.pop(0) if folds else None
        assert norm is None or isinstance(norm, BatchNorm2d)
        relu = (_is_residual(layer) or (layer.fused and layer.takes_relu)) and type(following[0]) is ReLU
        pooling = following[1] if relu else None
        pool = layer.fused and layer.takes_pool and isinstance(pooling, MaxPool2d) and pooling.halves
        return stop + folds + relu + pool, norm, relu, pool

    def _last_group(self, layers: Sequence[Layer]) -> tuple[Sequence[Layer], Layer | None, BatchNorm2d | None]:
        """The last layer, with the layers before it and the norm after it that its step computes too."""
        for at in range(max(0, len(layers) - 2), len(layers)):
            stop, norm, relu, _ = self._group_at(layers, at)
            if stop == len(layers) and not relu:
                return layers[:at], layers[at], norm
        return layers, None, None

    def _border_before(self, layers: Sequence[Layer], last: Padding) -> Padding:
        """The border that the first of these layers needs round its input; `last` if there is no layer."""
        layers = self._kept(layers)
        if not layers:
            return last
        layer = layers[0]
        if _is_residual(layer) or _is_concat(layer):
            return _widest([self._border_before(row, NO_BORDER) for row in layer.rows.values()])
        return layer.border if layer.fused else NO_BORDER

    def _kept(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        """The layers that change their input: Dropout does this only in a training."""
        return tuple(layer for layer in layers if self._training or type(layer) is not Dropout)


def _is_residual(layer: Layer) -> TypeGuard[Residual]:
    return type(layer) is Residual and layer.in_one_order


def _is_concat(layer: Layer) -> TypeGuard[Concat]:
    return type(layer) is Concat and layer.in_one_order


def _names(layers: Sequence[Layer]) -> str:
    return ", ".join(layer.name for layer in layers)


def _widest(borders: Sequence[Padding]) -> Padding:
    (top, bottom), (left, right) = ([max(each[axis][side] for each in borders) for side in (0, 1)] for axis in (0, 1))
    return (top, bottom), (left, right)
