"""How good a network is after an epoch, on pictures that it is not trained on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fastcnn import metrics
from fastcnn.arrays import Array
from fastcnn.network.losses import Loss
from fastcnn.network.sequential import Sequential


def measure(network: Sequential, loss: Loss, parts: Iterable[tuple[Array, Array]]) -> tuple[float, float | None]:
    """The mean loss and the accuracy, None where targets are no classes; without weights and label smoothing.

    Parameters
    ----------
    parts : checked pictures and targets, in memory a part at a time
    """
    answers, targets = [], []
    for images, truth in parts:
        answers.append(network.predict_proba(images) if loss.is_of_classes else network.forward(images))
        targets.append(np.array(truth))  # a dataset may use its memory again
    outputs, truth = np.concatenate(answers), np.concatenate(targets)
    if not loss.is_of_classes:
        return loss.value_and_gradient(outputs, truth)[0], None
    measured = metrics.evaluate(outputs, truth, outputs.shape[1])
    return measured.loss, measured.accuracy
