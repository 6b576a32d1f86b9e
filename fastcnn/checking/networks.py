"""The fused steps of a network's plan: small networks, whose layers define what is right.

They are of float64: there no sum is so near to a corner of a ReLU or to a tie of a max-pool that rounding decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, isfinite

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.kernels.backends import using
from fastcnn.layers import (
    GELU,
    Affine,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Layer,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Residual,
    SiLU,
)
from fastcnn.network.sequential import Sequential

CLASSES, PICTURES = 6, (5, 3)  # a full batch, and a smaller one after it
# Sums of fewer than 500 terms, one after the other through at most twelve layers.
BOUND = 12 * 500


def networks() -> Iterator[tuple[str, Sequential]]:
    """Each step is in one of them; the name says which steps."""
    for name, layers in _rows().items():
        yield name, Sequential(layers, input_shape=(2, 11, 9), seed=3, dtype=np.float64)


def _rows() -> dict[str, list[Layer]]:
    block = [Conv2d(5, 3, padding=1, bias=False), BatchNorm2d(), ReLU(), Conv2d(5, 3, padding=1), BatchNorm2d()]
    return {
        "convolution + relu + pool, affine": [
            *(Conv2d(7, 3, padding=((1, 0), (0, 2))), ReLU(), MaxPool2d(2)),
            *(Conv2d(5, 2, stride=(2, 1)), ReLU(), Flatten(), Affine(9), ReLU(), Affine(CLASSES)),
        ],
        "batch normalization, addition, mean": [
            *(Conv2d(5, 3, padding="same"), BatchNorm2d(), ReLU(), Residual(*block), ReLU()),
            *(Residual(Conv2d(5, 1)), GlobalAvgPool(), BatchNorm1d(), ReLU(), Affine(CLASSES)),
        ],
        "activations, pools, concatenation": [
            *(Conv2d(4, 2), LeakyReLU(0.2), AvgPool2d(3, stride=2, padding=1, ceil_mode=True)),
            *(Concat([Conv2d(3, 3, padding=1), GELU()], [], SiLU()), MaxPool2d((3, 2), stride=1, padding=1)),
            *(ReLU(), Dropout(0.3), Flatten(), Affine(CLASSES)),
        ],
        "depthwise and grouped convolution": [
            *(Conv2d(4, 3, groups=2), ReLU(), Conv2d(4, 3, groups=4, padding=1), GELU("tanh")),
            *(Conv2d(8, 2, groups=2, dilation=2), Flatten(), Dropout(0.2), Affine(CLASSES)),
        ],
    }


def outcomes(network: Sequential, backend: str) -> dict[str, Array]:
    """By name the loss, gradients and statistics after two batches of a training, and then the logits."""
    with using(backend):
        net, rng = network.copy(), np.random.default_rng(1)
        for count in PICTURES:
            images = rng.standard_normal((count, *net.input_shape))
            loss = net.loss_and_gradients(images, rng.integers(0, CLASSES, count), label_smoothing=0.1, step=5)
        gradients = {f"gradient of {name}": parameter.grad.copy() for name, parameter in net.parameters.items()}
        statistics = {name: window.array.copy() for name, window in net.statistics.items()}
        return {"loss": np.array(loss), **gradients, **statistics, "logits": net.forward(images)}


def step_errors(network: Sequential) -> Iterator[tuple[str, float]]:
    """Each outcome of the backend in use and its error, in units of the bound."""
    images = (PICTURES[0], *network.input_shape)
    found, expected = outcomes(network, kernels.backend()), outcomes(network, "reference")
    for name, want in expected.items():
        allowed = BOUND * np.finfo(np.float64).eps * np.abs(want).max(initial=1.0)
        error = float(np.abs(found[name] - want).max(initial=0) / allowed)
        yield f"{name} {want.shape}, images {images}, float64", error if isfinite(error) else inf
