"""Optimizers, learning-rate schedules, clipping of gradients and averaging of weights."""

from fastcnn.optim import optimizers
from fastcnn.optim.average import ExponentialMovingAverage
from fastcnn.optim.clipping import clip_gradients
from fastcnn.optim.optimizers import *  # noqa: F403

__all__ = ["ExponentialMovingAverage", "clip_gradients"]
__all__ += optimizers.__all__


def __dir__() -> list[str]:
    return __all__
