"""One step of learning from one picture: where the loss pulls, the new weights, and the answer before and after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastcnn.gui.logic.lesson.stages import Values
from fastcnn.kernels.backends import using
from fastcnn.network.losses import softmax
from fastcnn.network.sequential import Sequential
from fastcnn.optim import SGD

LEARNING_RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
DEFAULT_RATE = 2  # the place in LEARNING_RATES


@dataclass(frozen=True, eq=False)
class Learned:
    """One step of stochastic gradient descent on one picture: new weight = weight - learning rate * gradient.

    before, gradients, after : all trained arrays by name
    shares_before, shares_after : (classes,)
    """

    label: int
    lr: float
    loss_before: float
    loss_after: float
    before: dict[str, Values]
    gradients: dict[str, Values]
    after: dict[str, Values]
    shares_before: Values
    shares_after: Values


def learn(twin: Sequential, field: npt.NDArray[np.floating], label: int, lr: float) -> Learned:
    """Take one step, on a copy of a lesson's network (`twin.twin`).

    On the reference: it takes 0.1 s, and the kernels must first be compiled in float64, for 10 to 16 s.
    """
    with using("reference"):
        return _learn(twin, field, label, lr)


def _learn(twin: Sequential, field: npt.NDArray[np.floating], label: int, lr: float) -> Learned:
    pupil = twin.copy()
    picture = np.asarray(field, pupil.dtype).reshape(1, *pupil.input_shape)
    labels = np.array([label])
    before = {name: parameter.array.astype(np.float64) for name, parameter in pupil.parameters.items()}
    shares_before = softmax(pupil.forward(picture))[0]
    loss_before = pupil.loss_and_gradients(picture, labels)
    gradients = {name: parameter.grad.astype(np.float64) for name, parameter in pupil.parameters.items()}
    pupil.update_by(SGD(lr))
    after = {name: parameter.array.astype(np.float64) for name, parameter in pupil.parameters.items()}
    shares_after = softmax(pupil.forward(picture))[0]
    loss_after = -float(np.log(max(shares_after[label], np.finfo(float).tiny)))
    return Learned(label, lr, loss_before, loss_after, before, gradients, after, shares_before, shares_after)
