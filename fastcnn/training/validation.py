"""Measure a network after an epoch, on pictures that are not used for training."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fastcnn import metrics
from fastcnn.arrays import Array
from fastcnn.network.losses import Loss
from fastcnn.network.sequential import Sequential


def measure(network: Sequential, loss: Loss, parts: Iterable[tuple[Array, Array]]) -> tuple[float, float | None]:
    """The mean loss and the accuracy, without weights and label smoothing. Accuracy is None if targets are not classes.

    Parameters
    ----------
    parts : checked pictures and targets; one part is in memory at a time
    """
    answers, targets = [], []
    for images, truth in parts:
        answers.append(network.predict_proba(images) if loss.is_of_classes else network.forward(images))
        targets.append(np.array(truth))  # a dataset may reuse its memory
    return scored(loss, np.concatenate(answers), np.concatenate(targets))


def scored(loss: Loss, outputs: Array, truth: Array) -> tuple[float, float | None]:
    """The same from the outputs: the probabilities if targets are classes."""
    if not loss.is_of_classes:
        return loss.value_and_gradient(outputs, truth)[0], None
    measured = metrics.evaluate(outputs, truth, outputs.shape[1])
    return measured.loss, measured.accuracy
