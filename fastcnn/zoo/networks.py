"""The networks that can be trained here: the paper's, a deeper one for drawings, and one that refuses non-digits.

`recipes` says how each is trained.
"""

from __future__ import annotations

from fastcnn.digits import CLASSES
from fastcnn.layers.activation import ReLU
from fastcnn.layers.affine import Affine, Flatten
from fastcnn.layers.base import Layer
from fastcnn.layers.convolution import Conv2d
from fastcnn.layers.dropout import Dropout
from fastcnn.layers.normalization import BatchNorm2d
from fastcnn.layers.pooling import MaxPool2d
from fastcnn.network.sequential import Sequential
from fastcnn.zoo.families import resnet as resnet  # with this name mypy takes it for public here
from fastcnn.zoo.families import vgg as vgg


def paper_network(*, seed: int | None = None) -> Sequential:
    """The paper's network, He-initialised, untrained: 433,890 parameters.

    Convolution (30 filters of 5x5) - ReLU - MaxPool 2x2 - Affine 100 - ReLU - Affine 10; (N, 1, 28, 28) to (N, 10).
    """
    layers = [Conv2d(30, 5), ReLU(), MaxPool2d(2), Flatten(), Affine(100), ReLU(), Affine(10)]
    return Sequential(layers, seed=seed, name="paper")


def deep_network(*, seed: int | None = None) -> Sequential:
    """A deeper network for drawings, He-initialised, untrained: 155,498 parameters.

    Six convolutions with 16, 32, 32, 64, 64 and 128 filters of 3x3, a MaxPool after the second and after the fourth,
    Dropout and Affine 10; (N, 1, 28, 28) to (N, 10). Batch normalisation comes before a convolution's ReLU, or after
    its MaxPool. After the MaxPool it has a quarter of the values, and convolution, ReLU and MaxPool are one step of the
    plan. The first convolution has no batch normalisation: on 26x26 pixels it would take a seventh of a training step.
    """
    layers: list[Layer] = [
        *(Conv2d(16, 3), ReLU()),
        *(Conv2d(32, 3), ReLU(), MaxPool2d(2), BatchNorm2d()),
        *(Conv2d(32, 3, padding=1), BatchNorm2d(), ReLU()),
        *(Conv2d(64, 3), ReLU(), MaxPool2d(2), BatchNorm2d()),
        *(Conv2d(64, 3, padding=1), BatchNorm2d(), ReLU()),
        *(Conv2d(128, 3), BatchNorm2d(), ReLU()),
        *(Flatten(), Dropout(0.4), Affine(10)),
    ]
    return Sequential(layers, seed=seed, name="default")


NAME = "refusal"


def refusal_network(*, seed: int | None = None) -> Sequential:
    """The refusing network, He-initialised, untrained.

    Convolutions with 16 filters of 5x5, then 32 and 48 of 3x3, a MaxPool after the first and after the third, batch
    normalisation, Dropout, and an Affine to the ten digits and all kinds.
    """
    from fastcnn.handwriting.synthesis.nondigits import KINDS

    layers: list[Layer] = [
        *(Conv2d(16, 5), ReLU(), MaxPool2d(2), BatchNorm2d()),
        *(Conv2d(32, 3), BatchNorm2d(), ReLU()),
        *(Conv2d(48, 3), ReLU(), MaxPool2d(2), BatchNorm2d()),
        *(Flatten(), Dropout(0.2), Affine(CLASSES + len(KINDS))),
    ]
    return Sequential(layers, seed=seed, name=NAME)
