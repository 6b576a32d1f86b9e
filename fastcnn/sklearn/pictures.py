"""X of scikit-learn as pictures, and the networks that read them."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import shown
from fastcnn.layers import Affine, Conv2d, Flatten, MaxPool2d, ReLU
from fastcnn.layers.base import Layer
from fastcnn.network.sequential import Sequential
from fastcnn.network.structure import check_shape
from fastcnn.sklearn.weights import mean_and_deviation
from fastcnn.zoo.networks import BUILDERS

LEAST_POOLED_PX = 4  # a side of fewer pixels stays as it is
FORMS = "(n, features), (n, H, W) or (n, C, H, W)"

Builder = Callable[..., Sequential]


def flat(X: Any) -> tuple[Any, tuple[int, ...] | None]:
    """X as rows of features, and the (C, H, W) of a picture if X has the shape of pictures."""
    if isinstance(X, list | tuple):
        X = np.asarray(X)
    if getattr(X, "ndim", 2) <= 2:
        return X, None
    X = np.asarray(X)
    if X.ndim > 4:
        raise ValueError(f"X must be {FORMS}, not {shown(X.shape)}")
    shape = (1, *X.shape[1:])[-3:]
    return X.reshape(len(X), prod(shape)), shape


def picture_shape(features: int, given: tuple[int, ...] | None, option: object) -> tuple[int, ...]:
    """The (C, H, W) of pictures.

    Parameters
    ----------
    features : of a row
    given : the (C, H, W) that X has itself, or None
    option : `image_shape` of the estimator: None, (H, W) or (C, H, W)

    Raises
    ------
    TypeError, ValueError
        If they do not fit each other.
    """
    if option is None:
        return given or (1, 1, features)
    if not isinstance(option, list | tuple) or len(option) not in (2, 3):
        raise ValueError(f"image_shape must be (H, W), (C, H, W) or None, not {shown(option)}")
    shape = tuple(integer("image_shape", size, 1) for size in (1, *option)[-3:])
    if (shape if given is None else given) != shape or prod(shape) != features:
        has = f"{features} features" if given is None else f"the shape {given}"
        raise ValueError(f"image_shape must fit X: it is {shown(option)}, but a picture in X has {has}")
    return shape


def small_network(*, seed: int | None, input_shape: tuple[int, ...], classes: int, width: int = 32) -> Sequential:
    """Two convolutions of `width` and 2 `width` filters, each before a ReLU and, on 4x4 pixels or more, a max-pool.

    An Affine of 4 `width` and a ReLU come before the last Affine. It also reads pictures of one pixel.
    """
    shape, layers = check_shape(input_shape), list[Layer]()
    side = min(shape[1:])
    for filters in (width, 2 * width):
        layers += [Conv2d(filters, 3, padding=1), ReLU()]
        if side >= LEAST_POOLED_PX:
            layers.append(MaxPool2d(2))
            side //= 2
    layers += [Flatten(), Affine(4 * width), ReLU(), Affine(classes)]
    return Sequential(layers, input_shape=shape, seed=seed, name="small")


def build_network(
    network: str | Builder | None, images: Array, weights: Array | None, outputs: int, width: int, seed: int
) -> Sequential:
    """The network of an estimator, untrained.

    Parameters
    ----------
    network : None for `small_network`; a name in `zoo.networks.BUILDERS`; or a function of seed, input_shape and
        classes. The first two get a layer that normalises each channel, with the mean and the scale of images
    images : (N, C, H, W) of floats or uint8
    weights : (N,) of the pictures, or None where all are equal
    outputs : of the network
    width : of `small_network`
    seed : of the first weights

    Raises
    ------
    TypeError, ValueError
        If network is something else, or makes a network for other pictures or outputs.
    """
    shape = images.shape[1:]
    options: dict[str, Any] = {"seed": seed, "input_shape": shape, "classes": outputs}
    if callable(network):
        made = network(**options)
        if not isinstance(made, Sequential) or (made.input_shape, made.output_shape) != (shape, (outputs,)):
            raise ValueError(f"network must make a fastcnn.Sequential from {shape} to ({outputs},), not {shown(made)}")
        return made
    if network is None:
        made = small_network(**options, width=integer("width", width, 1))
    elif isinstance(network, str) and network in BUILDERS:
        made = BUILDERS[network](**options)
    else:
        raise ValueError(f"network must be None, {', '.join(BUILDERS)} or a function, not {shown(network)}")
    description = made.describe()
    level = 255 if images.dtype == np.uint8 else 1  # a network divides uint8 by 255
    mean, scale = mean_and_deviation(images.reshape(*images.shape[:2], -1), weights, level)
    moments = {"mean": (mean / level).tolist(), "scale": (scale / level).tolist()}
    description["layers"].insert(0, {"type": "Normalize", **moments})
    return Sequential.from_description(description, seed=seed)
