"""The stations of one picture on its way through a network: the picture, the layers, the shares of the classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from math import prod

import numpy as np
import numpy.typing as npt

from fastcnn.kernels.backends import using
from fastcnn.layers import (
    Affine,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    MaxPool2d,
    ReLU,
    Residual,
)
from fastcnn.layers.base import Layer
from fastcnn.network.losses import softmax
from fastcnn.network.sequential import Sequential

Values = npt.NDArray[np.float64]


class Kind(Enum):
    """What happens at a station."""

    PICTURE = "picture"
    CONVOLUTION = "convolution"
    RELU = "relu"
    MAX_POOL = "max-pool"
    MEAN_POOL = "mean-pool"
    NORM = "normalization"
    AFFINE = "affine"
    SUM = "sum"
    CONCAT = "concat"
    OTHER = "layer"
    SOFTMAX = "softmax"


_KINDS: tuple[tuple[type[Layer], Kind], ...] = (
    (Conv2d, Kind.CONVOLUTION),
    (ReLU, Kind.RELU),
    (MaxPool2d, Kind.MAX_POOL),
    (AvgPool2d, Kind.MEAN_POOL),
    (GlobalAvgPool, Kind.MEAN_POOL),
    (BatchNorm1d, Kind.NORM),
    (BatchNorm2d, Kind.NORM),
    (Affine, Kind.AFFINE),
    (Residual, Kind.SUM),
    (Concat, Kind.CONCAT),
)


@dataclass(frozen=True, eq=False)
class Stage:
    """One station.

    kind, layer : what happens; no layer for the picture and the softmax
    x, out : the values before and after it, without the axis of the pictures: (C, H, W) or (features,)
    raw : `out` before the ReLU that belongs to the station, as one directly after an Affine does
    image : the (C, H, W) that x had before a Flatten, or None
    """

    kind: Kind
    layer: Layer | None
    x: Values
    out: Values
    raw: Values
    image: tuple[int, ...] | None = None

    @property
    def name(self) -> str:
        """The layer's place in the network; empty for the picture and the softmax."""
        return "" if self.layer is None else self.layer.name

    @property
    def has_relu(self) -> bool:
        """Whether a ReLU belongs to the station."""
        return self.out is not self.raw

    @property
    def signed(self) -> bool:
        """Whether some values are below zero."""
        return bool((self.out < 0).any())


def look(network: Sequential, field: npt.NDArray[np.floating]) -> list[Stage]:
    """The stations of a picture (H, W) or (C, H, W), values from 0 to 1. Flatten and Dropout are no stations.

    The reference computes them: 10 ms for a packaged network. The kernels take half of that, but must first be compiled
    in float64, for 2 to 8 s.
    """
    x = np.asarray(field, network.dtype)
    if x.ndim == 2:
        x = x[np.newaxis]
    with using("reference"):
        records = network.trace(x[np.newaxis])
    first = x.astype(np.float64)
    stages = [Stage(Kind.PICTURE, None, first, first, first)]
    image: tuple[int, ...] | None = None
    last = None
    for layer, given, out in records:
        before, after = given[0].astype(np.float64), out[0].astype(np.float64)
        if isinstance(layer, Flatten):
            image = layer.in_shape
        elif isinstance(layer, Dropout):
            pass
        elif isinstance(layer, ReLU) and stages[-1].kind is Kind.AFFINE and given is last and not stages[-1].has_relu:
            stages[-1] = replace(stages[-1], out=after)
        else:
            fits = image is not None and prod(image) == before.size
            stages.append(Stage(_kind(layer), layer, before, after, after, image if fits else None))
            image = image if after.ndim == 1 and not isinstance(layer, Affine) else None
        last = out
    logits = records[-1].out.astype(np.float64)
    shares = softmax(logits)[0]
    return [*stages, Stage(Kind.SOFTMAX, None, logits[0], shares, shares)]


def _kind(layer: Layer) -> Kind:
    return next((kind for each, kind in _KINDS if isinstance(layer, each)), Kind.OTHER)
