"""The one table of networks that have a name, and the layers of each.

The commands, the window, the benchmarks and the documentation take names from here; how each is trained is in
`recipes`. Nothing slow is imported until a network is made: the command line is built with this table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastcnn.digits import CLASSES

if TYPE_CHECKING:
    from fastcnn.layers.base import Layer
    from fastcnn.network.sequential import Sequential


def paper_network(*, seed: int | None = None) -> Sequential:
    """The paper's network, He-initialised, untrained: 433,890 parameters.

    Convolution (30 filters of 5x5) - ReLU - MaxPool 2x2 - Affine 100 - ReLU - Affine 10; (N, 1, 28, 28) to (N, 10).
    """
    from fastcnn.layers import Affine, Conv2d, Flatten, MaxPool2d, ReLU
    from fastcnn.network.sequential import Sequential

    layers = [Conv2d(30, 5), ReLU(), MaxPool2d(2), Flatten(), Affine(100), ReLU(), Affine(10)]
    return Sequential(layers, seed=seed, name="paper")


def deep_network(*, seed: int | None = None) -> Sequential:
    """A deeper network for drawings, He-initialised, untrained: 155,498 parameters.

    Six convolutions, of 16, 32, 32, 64, 64 and 128 filters of 3x3, a MaxPool after the second and the fourth, Dropout
    and Affine 10; (N, 1, 28, 28) to (N, 10). Batch normalisation comes before a convolution's ReLU, or after its
    MaxPool: there it has a quarter of the values, and convolution, ReLU and MaxPool are one step of the plan. The first
    has none: on 26x26 pixels it would cost a seventh of a training step.
    """
    from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Dropout, Flatten, MaxPool2d, ReLU
    from fastcnn.network.sequential import Sequential

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


def refusal_network(*, seed: int | None = None) -> Sequential:
    """The refusing network, He-initialised, untrained.

    Convolutions of 16 filters of 5x5, 32 and 48 of 3x3, a MaxPool after the first and the third, batch normalisation,
    Dropout and an Affine to ten digits and all kinds.
    """
    from fastcnn.handwriting.synthesis.nondigits import KINDS
    from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Dropout, Flatten, MaxPool2d, ReLU
    from fastcnn.network.sequential import Sequential

    layers: list[Layer] = [
        *(Conv2d(16, 5), ReLU(), MaxPool2d(2), BatchNorm2d()),
        *(Conv2d(32, 3), BatchNorm2d(), ReLU()),
        *(Conv2d(48, 3), ReLU(), MaxPool2d(2), BatchNorm2d()),
        *(Flatten(), Dropout(0.2), Affine(CLASSES + len(KINDS))),
    ]
    return Sequential(layers, seed=seed, name=REFUSAL)


@dataclass(frozen=True)
class Named:
    """A network's row in the table.

    make : makes one network, untrained
    about : what it is, for people
    bundled : its trained weights lie in the package, and it reads digits
    members : how many are trained, of seeds S, S + 1, ..., each as it is alone; more than one answer together
    """

    make: Callable[..., Sequential]
    about: str
    bundled: bool = False
    members: int = 1


DEFAULT, PAPER, REFUSAL, COMMITTEE = "default", "paper", "refusal", "committee"
COMMITTEE_OF = DEFAULT
NAMED = {
    DEFAULT: Named(deep_network, "six convolutions with batch normalization", bundled=True),
    PAPER: Named(paper_network, "the paper's layers", bundled=True),
    COMMITTEE: Named(
        deep_network, f"five {COMMITTEE_OF} networks, which answer with the mean of their probabilities", True, 5
    ),
    "speedrun": Named(paper_network, "the paper's layers, by a recipe of three epochs: 99 % in a few seconds"),
    REFUSAL: Named(refusal_network, "tells the ten digits from other things; has the recipe bundled only"),
}
BUNDLED = tuple(name for name, network in NAMED.items() if network.bundled)
