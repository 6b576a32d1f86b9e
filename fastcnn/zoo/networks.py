"""The one table of networks that have a name, and the layers of each.

The commands, the window, the benchmarks and the documentation take names from here; how each is trained is in
`recipes`. Nothing slow is imported until a network is made: the command line is built with this table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastcnn.digits import CLASSES, SIDE_PX

if TYPE_CHECKING:
    from fastcnn.layers.base import Layer
    from fastcnn.network.sequential import Sequential

LEAST_PAPER_PX, LEAST_DEEP_PX = 8, 20  # sides of smaller pictures would shrink to nothing without a border
MOST_FLAT_PX = 32  # the side of pictures whose places the deep network tells apart
DEEP_DROPOUT, REFUSAL_DROPOUT = 0.4, 0.3  # rates of the deep network, as it reads digits and as it refuses other things


def paper_network(
    *, seed: int | None = None, input_shape: Sequence[int] = (1, SIDE_PX, SIDE_PX), classes: int = CLASSES
) -> Sequential:
    """The paper's network, He-initialised, untrained: 433,890 parameters.

    Convolution (30 filters of 5x5) - ReLU - MaxPool 2x2 - Affine 100 - ReLU - Affine 10; (N, 1, 28, 28) to (N, 10).

    Parameters
    ----------
    seed : for the initial weights; None draws from the system's entropy
    input_shape : (C, H, W) of one picture; small ones get a border of zeros, so that any size will do
    classes : number of outputs
    """
    from fastcnn.layers import Affine, Conv2d, Flatten, MaxPool2d, ReLU
    from fastcnn.network.sequential import Sequential
    from fastcnn.network.structure import check_shape

    shape = check_shape(input_shape)
    border = 0 if min(shape[1:]) >= LEAST_PAPER_PX else 2
    pool = MaxPool2d((min(2, shape[1]), min(2, shape[2])))
    layers = [Conv2d(30, 5, padding=border), ReLU(), pool, Flatten(), Affine(100), ReLU(), Affine(classes)]
    return Sequential(layers, input_shape=shape, seed=seed, name="paper")


def deep_network(
    *,
    seed: int | None = None,
    input_shape: Sequence[int] = (1, SIDE_PX, SIDE_PX),
    classes: int = CLASSES,
    dropout: float = DEEP_DROPOUT,
) -> Sequential:
    """A deeper network for drawings, He-initialised, untrained: 155,498 parameters.

    Six convolutions, of 16, 32, 32, 64, 64 and 128 filters of 3x3, a MaxPool after the second and the fourth, Dropout
    and Affine 10; (N, 1, 28, 28) to (N, 10). Batch normalisation comes before a convolution's ReLU, or after its
    MaxPool: there it has a quarter of the values, and convolution, ReLU and MaxPool are one step of the plan. The first
    has none: on 26x26 pixels it would cost a seventh of a training step. Pictures with a side over 32 pixels get a
    GlobalAvgPool before the Dropout, so that the parameters do not grow with them.

    Parameters
    ----------
    seed, input_shape, classes : as of `paper_network`
    dropout : the rate of the Dropout
    """
    from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Dropout, Flatten, GlobalAvgPool, MaxPool2d, ReLU
    from fastcnn.network.sequential import Sequential
    from fastcnn.network.structure import check_shape

    shape = check_shape(input_shape)
    border = 0 if min(shape[1:]) >= LEAST_DEEP_PX else 1
    first = MaxPool2d((min(2, shape[1]), min(2, shape[2])))
    second = MaxPool2d((min(2, shape[1] // 2 or 1), min(2, shape[2] // 2 or 1)))
    layers: list[Layer] = [
        *(Conv2d(16, 3, padding=border), ReLU()),
        *(Conv2d(32, 3, padding=border), ReLU(), first, BatchNorm2d()),
        *(Conv2d(32, 3, padding=1), BatchNorm2d(), ReLU()),
        *(Conv2d(64, 3, padding=border), ReLU(), second, BatchNorm2d()),
        *(Conv2d(64, 3, padding=1), BatchNorm2d(), ReLU()),
        *(Conv2d(128, 3, padding=border), BatchNorm2d(), ReLU()),
        *([Flatten()] if max(shape[1:]) <= MOST_FLAT_PX else [GlobalAvgPool()]),
        *(Dropout(dropout), Affine(classes)),
    ]
    return Sequential(layers, input_shape=shape, seed=seed, name="default")


def residual_network(
    *, seed: int | None = None, input_shape: Sequence[int] = (1, SIDE_PX, SIDE_PX), classes: int = CLASSES
) -> Sequential:
    """`families.resnet` of 20 layers, the first 16 channels wide; arguments as of `paper_network`."""
    from fastcnn.zoo.families import resnet

    return resnet(20, 16, seed=seed, input_shape=input_shape, classes=classes)


def refusal_network(*, seed: int | None = None) -> Sequential:
    """The refusing network, He-initialised, untrained: `deep_network` for ten digits and all kinds of other things."""
    from fastcnn.handwriting.synthesis.nondigits import KINDS

    network = deep_network(seed=seed, classes=CLASSES + len(KINDS), dropout=REFUSAL_DROPOUT)
    network.name = REFUSAL
    return network


@dataclass(frozen=True)
class Named:
    """A network's row in the table.

    make : makes one network, untrained
    about : what it is, for people
    bundled : its trained weights lie in the package, and it reads digits
    any_shape : it can be made for pictures of any shape and any number of classes, as `paper_network` can
    members : how many are trained, of seeds S, S + 1, ..., each as it is alone; more than one answer together
    """

    make: Callable[..., Sequential]
    about: str
    bundled: bool = False
    any_shape: bool = False
    members: int = 1


DEFAULT, PAPER, REFUSAL, COMMITTEE = "default", "paper", "refusal", "committee"
COMMITTEE_OF = DEFAULT
NAMED = {
    DEFAULT: Named(deep_network, "six convolutions with batch normalization", bundled=True, any_shape=True),
    PAPER: Named(paper_network, "the paper's layers", bundled=True, any_shape=True),
    COMMITTEE: Named(
        deep_network,
        f"five {COMMITTEE_OF} networks, which answer with the mean of their probabilities",
        bundled=True,
        members=5,
    ),
    "speedrun": Named(paper_network, "the paper's layers, by a recipe of three epochs: 99 % in a few seconds"),
    REFUSAL: Named(refusal_network, "tells the ten digits from other things; has the recipe bundled only"),
}
BUNDLED = tuple(name for name, network in NAMED.items() if network.bundled)
# What `fastcnn train --data PATH --network NAME` can train.
BUILDERS: dict[str, Callable[..., Sequential]] = {
    **{name: network.make for name, network in NAMED.items() if network.any_shape},
    "resnet": residual_network,
}
