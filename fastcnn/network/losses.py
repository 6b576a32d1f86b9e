"""Losses, which training minimises: `Trainer(network, optimizer, loss=losses.MeanSquaredError())`.

A loss checks its targets, has the formula (`loss_values`, the definition) and calls the backend's step for it.
Pictures may have weights: the mean is then sum(weight * loss) / sum(weight), or 0 if all weights are 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, SupportsFloat, TypeAlias

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_labels
from fastcnn.kernels.protocols import LossStep
from fastcnn.kernels.values import is_array, kind_of, shown
from fastcnn.network.class_names import class_numbers, class_weights
from fastcnn.network.loss_values import (
    binary_cross_entropy,
    check_label_smoothing,
    check_logits,
    sigmoid,
    softmax,
    softmax_cross_entropy,
    squared_error,
    weighted_cross_entropy,
)

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Loss",
    "MeanSquaredError",
    "check_label_smoothing",
    "check_sample_weight",
    "loss_or_cross_entropy",
    "sigmoid",
    "softmax",
    "softmax_cross_entropy",
]

ClassWeight: TypeAlias = Mapping[str, float] | Mapping[int, float] | Sequence[float] | Array


class Loss:
    """What all losses share. `is_of_classes`: whether a target is a class number, so that answers can be correct."""

    is_of_classes = False

    @property
    def is_plain(self) -> bool:
        """Whether pictures without weights weigh the same."""
        return True

    def targets_of(self, targets: Any, count: int, classes: Sequence[str], name: str = "labels") -> Array:
        """A user's targets for `count` pictures, in the form that `check_targets` takes; raises the same errors."""
        raise NotImplementedError

    def check_targets(self, targets: Array, count: int, outputs: int) -> None:
        """TypeError or ValueError unless these are targets of `count` pictures, for a network of so many outputs."""
        raise NotImplementedError

    def for_classes(self, classes: Sequence[str]) -> Loss:
        """The loss for the classes of a network; TypeError or ValueError if its class weights name other classes."""
        return self

    def value_and_gradient(
        self, outputs: Array, targets: Array, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """The mean loss of a batch and its gradient with respect to the outputs, with the formula in NumPy.

        Parameters
        ----------
        outputs : (N, outputs) float32 or float64, N at least 1
        targets : CrossEntropy: (N,) integers from 0 to outputs - 1. MeanSquaredError: (N, outputs) numbers.
            BinaryCrossEntropy: (N, outputs) numbers from 0 to 1
        sample_weight : (N,) numbers, at least 0; None gives all pictures the same weight

        Raises
        ------
        TypeError, ValueError
            If an argument has another dtype, shape or range, or the batch is empty.
        """
        check_logits(outputs)
        count, size = outputs.shape
        if count == 0:
            raise ValueError("outputs must hold at least one image: an empty batch has no mean loss")
        self.check_targets(targets, count, size)
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, count)
        return self._value_and_gradient(outputs, targets, sample_weight)

    def run(self, step: LossStep, targets: Array, sample_weight: Array | None) -> SupportsFloat:
        """The same, computed by a backend from the outputs in the memory of its step. The arguments are checked."""
        return self.run_part(step, targets, sample_weight, self.weight_of(targets, sample_weight))

    def weight_of(self, targets: Array, sample_weight: Array | None) -> float:
        """What the losses of these pictures are divided by in their mean."""
        return float(_weights(targets, sample_weight).sum())

    def run_part(self, step: LossStep, targets: Array, sample_weight: Array | None, total: float) -> SupportsFloat:
        """The part of some pictures in the mean loss of a batch, whose `weight_of` is total; see `run`."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """The name and options, as JSON can hold them."""
        return {"type": type(self).__name__}

    def __repr__(self) -> str:
        options = {name: value for name, value in self.describe().items() if name != "type"}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in options.items())})"

    def _value_and_gradient(self, outputs: Array, targets: Array, sample_weight: Array | None) -> tuple[float, Array]:
        raise NotImplementedError


class CrossEntropy(Loss):
    """Softmax cross-entropy: each picture has one class.

    Parameters
    ----------
    label_smoothing : the part of each target that is spread evenly over all classes, in [0, 1)
    class_weight : a number for each class, in order; or a dict from names or numbers of classes to weights; others: 1

    With class weights, the sum of the losses is divided by the sum of the weights of the pictures' classes, as in
    torch.nn.CrossEntropyLoss(weight=, label_smoothing=).
    """

    is_of_classes = True

    def __init__(self, label_smoothing: float = 0.0, class_weight: ClassWeight | None = None) -> None:
        check_label_smoothing(label_smoothing)
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        if class_weight is not None and not isinstance(class_weight, Mapping):  # names are checked in `for_classes`
            self.class_weight = tuple(class_weights(class_weight, [""] * _length(class_weight)).tolist())

    @property
    def is_plain(self) -> bool:
        """Whether all classes have the same weight."""
        return self.class_weight is None

    def targets_of(self, targets: Any, count: int, classes: Sequence[str], name: str = "labels") -> Array:
        return class_numbers(targets, classes, count, name)

    def check_targets(self, targets: Array, count: int, outputs: int) -> None:
        check_labels(targets, count, outputs)

    def for_classes(self, classes: Sequence[str]) -> CrossEntropy:
        weights = self.class_weight
        if weights is None or (isinstance(weights, tuple) and len(weights) == len(classes)):
            return self
        return CrossEntropy(self.label_smoothing, class_weights(weights, classes))

    def run(self, step: LossStep, targets: Array, sample_weight: Array | None) -> SupportsFloat:
        if self.is_plain and sample_weight is None:
            return step.loss(targets, self.label_smoothing)
        return super().run(step, targets, sample_weight)

    def weight_of(self, targets: Array, sample_weight: Array | None) -> float:
        if self.class_weight is None:
            return super().weight_of(targets, sample_weight)
        weights = self._weights(len(self.class_weight))
        return float((_weights(targets, sample_weight) * weights[targets]).sum())

    def run_part(self, step: LossStep, targets: Array, sample_weight: Array | None, total: float) -> SupportsFloat:
        shares = _over(_weights(targets, sample_weight), total)
        return step.weighted_cross_entropy(targets, shares, self._weights(step.x.size), self.label_smoothing)

    def describe(self) -> dict[str, Any]:
        weights = self.class_weight
        return {
            **super().describe(),
            "label_smoothing": self.label_smoothing,
            "class_weight": dict(weights) if isinstance(weights, Mapping) else weights,
        }

    def _value_and_gradient(self, outputs: Array, targets: Array, sample_weight: Array | None) -> tuple[float, Array]:
        if self.is_plain and sample_weight is None:
            return softmax_cross_entropy(outputs, targets, self.label_smoothing)
        weights = self._weights(outputs.shape[1])
        shares = _over(_weights(targets, sample_weight), self.weight_of(targets, sample_weight))
        return weighted_cross_entropy(outputs, targets, shares, weights, self.label_smoothing)

    def _weights(self, outputs: int) -> Array:
        if self.class_weight is None:
            return np.ones(outputs)
        return class_weights(self.class_weight, [str(number) for number in range(outputs)])


class _OfValues(Loss):
    """A loss whose targets are numbers, one for each output."""

    def targets_of(self, targets: Any, count: int, classes: Sequence[str], name: str = "labels") -> Array:
        if is_array(targets) and targets.ndim == 1 and len(classes) == 1:
            targets = targets[:, np.newaxis]
        self._check(targets, count, len(classes), name)
        values: Array = targets
        return values

    def check_targets(self, targets: Array, count: int, outputs: int) -> None:
        self._check(targets, count, outputs, "labels")

    def _check(self, targets: Array, count: int, outputs: int, name: str) -> None:
        if not is_array(targets) or targets.dtype.kind not in "fiub":
            raise TypeError(f"{name} must be an array of numbers (N, {outputs}), not {kind_of(targets)}")
        if targets.shape != (count, outputs):
            raise ValueError(f"{name} must have the shape ({count}, {outputs}), one an output, not {targets.shape}")
        if not np.isfinite(targets).all():
            raise ValueError(f"{name} hold NaN or infinity; give finite numbers")


class MeanSquaredError(_OfValues):
    """The mean of (output - target)² over outputs and pictures: for a network that gives numbers, not classes.

    Targets are (N, outputs) numbers, or (N,) for one output. The same as torch.nn.MSELoss.
    """

    def run_part(self, step: LossStep, targets: Array, sample_weight: Array | None, total: float) -> SupportsFloat:
        return step.squared_error(_wide(targets), _over(_weights(targets, sample_weight), total))

    def _value_and_gradient(self, outputs: Array, targets: Array, sample_weight: Array | None) -> tuple[float, Array]:
        shares = _over(_weights(targets, sample_weight), self.weight_of(targets, sample_weight))
        return squared_error(outputs, _wide(targets), shares)


class BinaryCrossEntropy(_OfValues):
    """Binary cross-entropy of each output: a picture may have several labels, or none.

    Targets are (N, outputs) numbers from 0 to 1. `losses.sigmoid(network.forward(images))` gives the probabilities.
    The same as torch.nn.BCEWithLogitsLoss.
    """

    def run_part(self, step: LossStep, targets: Array, sample_weight: Array | None, total: float) -> SupportsFloat:
        return step.binary_cross_entropy(_wide(targets), _over(_weights(targets, sample_weight), total))

    def _value_and_gradient(self, outputs: Array, targets: Array, sample_weight: Array | None) -> tuple[float, Array]:
        shares = _over(_weights(targets, sample_weight), self.weight_of(targets, sample_weight))
        return binary_cross_entropy(outputs, _wide(targets), shares)

    def _check(self, targets: Array, count: int, outputs: int, name: str) -> None:
        super()._check(targets, count, outputs, name)
        if targets.min() < 0 or targets.max() > 1:
            raise ValueError(f"{name} must lie in 0 to 1, but range from {targets.min()} to {targets.max()}")


def loss_or_cross_entropy(loss: Loss | None, label_smoothing: float) -> Loss:
    """The loss, or cross-entropy for None; TypeError or ValueError if it is something else."""
    if loss is None:
        return CrossEntropy(label_smoothing)
    if not isinstance(loss, Loss):
        raise TypeError(
            f"loss must be a losses.CrossEntropy, MeanSquaredError or BinaryCrossEntropy, not {shown(loss)}"
        )
    check_label_smoothing(label_smoothing)
    if label_smoothing != 0:
        raise ValueError("label_smoothing belongs into the loss where one is given, as CrossEntropy(label_smoothing=)")
    return loss


def check_sample_weight(weights: Array, count: int, name: str = "sample_weight") -> Array:
    """The weights (count,) as float64; TypeError or ValueError unless they are finite numbers of at least 0."""
    if not is_array(weights) or weights.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be an array of numbers ({count},), not {kind_of(weights)}")
    if weights.shape != (count,):
        raise ValueError(f"{name} must have the shape ({count},), one for each image, not {weights.shape}")
    wide: Array = weights.astype(np.float64)
    if not (np.isfinite(wide).all() and (wide >= 0).all()):
        raise ValueError(f"{name} must hold finite numbers of at least 0")
    return wide


def _length(weights: object) -> int:
    return len(weights) if isinstance(weights, list | tuple) or (is_array(weights) and weights.ndim == 1) else 1


def _wide(targets: Array) -> Array:
    return np.ascontiguousarray(targets, np.float64)


def _weights(targets: Array, sample_weight: Array | None) -> Array:
    return np.ones(len(targets)) if sample_weight is None else np.asarray(sample_weight, np.float64)


def _over(weights: Array, total: float) -> Array:
    """The weight of each picture in the mean; 0 if all weights are 0."""
    return weights / total if total > 0 else np.zeros_like(weights)


def __dir__() -> list[str]:
    return __all__
