"""Optimizers, learning-rate schedules, clipping of gradients and averaging of weights."""

from fastcnn.optim.average import ExponentialMovingAverage
from fastcnn.optim.clipping import clip_gradients
from fastcnn.optim.optimizers import SGD, AdaGrad, Adam, AdamW, Momentum, Nesterov, Optimizer, RMSProp

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "ExponentialMovingAverage",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSProp",
    "clip_gradients",
]
