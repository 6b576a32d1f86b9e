"""The loss of a `Trainer.fit` with class weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.values import shown
from fastcnn.network.class_names import class_weights
from fastcnn.network.losses import ClassWeight, CrossEntropy, Loss


def weighted(loss: Loss, class_weight: ClassWeight | str | None, classes: Sequence[str], labels: Array | None) -> Loss:
    """The loss of `with_weights`; ValueError too if its class weights leave no picture to learn from."""
    made = with_weights(loss, class_weight, classes, labels)
    weights = made.class_weight if isinstance(made, CrossEntropy) and isinstance(made.class_weight, tuple) else None
    if labels is not None and weights is not None and not np.array(weights)[labels].any():
        raise ValueError("class_weight is 0 for all classes that have pictures; give one of them more")
    return made


def with_weights(
    loss: Loss, class_weight: ClassWeight | str | None, classes: Sequence[str], labels: Array | None
) -> Loss:
    """The loss with these class weights; None does not change it.

    Parameters
    ----------
    class_weight : as in `CrossEntropy`, or "balanced": N / (classes * pictures of the class), or 1 for an empty class
    labels : (N,) the numbers of the classes; None if they are not known

    Raises
    ------
    TypeError, ValueError
        If an argument is something else, or the loss has no classes, or has class weights already.
    """
    if class_weight is None:
        return loss
    if not isinstance(loss, CrossEntropy) or not loss.is_plain:
        has = "has weights already" if isinstance(loss, CrossEntropy) else "knows no classes"
        raise ValueError(f"class_weight cannot be given where the trainer's loss {has}; leave one of them out")
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(f"class_weight must be 'balanced', a dict or a list of numbers, not {shown(class_weight)}")
        if labels is None:
            raise ValueError("class_weight='balanced' needs all labels at once, which a Dataset has not; give numbers")
        counts = np.bincount(labels, minlength=len(classes))
        balanced = len(labels) / ((counts > 0).sum() * np.maximum(counts, 1))
        return CrossEntropy(loss.label_smoothing, np.where(counts > 0, balanced, 1.0))
    return CrossEntropy(loss.label_smoothing, class_weights(class_weight, classes))
