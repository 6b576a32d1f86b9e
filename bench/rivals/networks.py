"""The networks that are compared, pictures for them, and the right answers, by the NumPy reference in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod, sqrt
from typing import Any

import numpy as np

from fastcnn import Sequential, layers
from fastcnn.arrays import Array
from fastcnn.bench.harness.batches import training_pictures
from fastcnn.checking.bounds import WrongAnswerError, require_close
from fastcnn.kernels.backends import using
from fastcnn.kernels.precision import FLOAT32
from fastcnn.layers.base import walk
from fastcnn.zoo.families import resnet, vgg
from fastcnn.zoo.networks import DEFAULT, PAPER, deep_network, paper_network

COLOUR = (3, 32, 32)
VGG_LIKE = (64, 64, "pool", 128, 128, "pool", 256, 256, "pool")
EPS = float(np.finfo(np.float32).eps) / 2
BFLOAT16_EPS = 2.0**-8  # of both operands together
SAFETY = 8  # as in checking.bounds: a right answer stays below 2, a wrong term is far above
CHUNK = 50  # pictures that the reference computes at once: its im2col is large


# name -> what makes it, and the batches of its training
NETWORKS: dict[str, tuple[Callable[[], Sequential], tuple[int, ...]]] = {
    PAPER: (lambda: paper_network(seed=0), (100, 256)),
    DEFAULT: (lambda: deep_network(seed=0), (100, 256)),
    "VGG-like": (lambda: vgg(VGG_LIKE, input_shape=COLOUR, seed=0), (64,)),
    "ResNet-like": (lambda: resnet(20, 16, input_shape=COLOUR, seed=0), (64,)),
}


def pictures_for(network: Sequential, count: int) -> tuple[Array, Array]:
    """uint8 pictures (N, C, H, W) and labels: MNIST's where they fit, else random ones."""
    classes = prod(network.output_shape)
    images, labels = training_pictures()
    if images.shape[1:] == network.input_shape and classes == 10 and count <= len(images):
        return images[:count], labels[:count]
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, *network.input_shape), np.uint8), rng.integers(0, classes, count)


def needed_bytes(network: Sequential, batch: int) -> int:
    """About what the right answers for a batch need, in float64: all values twice, and columns of the largest layer."""
    columns = max(layer.multiply_adds // layer.out_shape[0] for layer in walk(network.layers) if not layer.inside)
    return 16 * batch * (values_of(network) + columns)


def values_of(network: Sequential) -> int:
    """The number of values that a picture becomes in all layers."""
    return prod(network.input_shape) + sum(prod(layer.out_shape) for layer in walk(network.layers) if not layer.inside)


def changed(network: Sequential, *, dtype: str = "float32", dropout: bool = True) -> Sequential:
    """A network with the same arrays in another dtype, in float32; without `dropout` it drops nothing."""
    description = network.describe() | {"dtype": dtype}
    if not dropout:
        _drop_nothing(description["layers"])
    made = Sequential.from_description(description, seed=0)
    made.load_state_arrays({name: array.astype(dtype) for name, array in network.state_arrays().items()})
    return made


def _drop_nothing(described: Any) -> None:
    for each in described if isinstance(described, list) else []:
        if isinstance(each, dict):
            if each["type"] == "Dropout":
                each["rate"] = 0.0
            for value in each.values():
                _drop_nothing(value)
        _drop_nothing(each)


def with_biases(network: Sequential) -> Sequential:
    """A copy whose biases are small random numbers.

    A new network's are 0, and black pixels then reach ReLU as exact zeros, where its gradient jumps. A method that
    rounds on the way, like Winograd's, comes to a value just above 0 or just below it: the gradient of the bias differs
    by more than a rounding, though neither is wrong.
    """
    made, rng = network.copy(), np.random.default_rng(0)
    for name, parameter in made.parameters.items():
        if name.endswith(".bias"):
            parameter.assign(rng.uniform(-0.05, 0.05, parameter.shape).astype(parameter.array.dtype))
    return made


def drops(network: Sequential) -> bool:
    """Whether a training drops values at random."""
    return any(isinstance(layer, layers.Dropout) for layer in walk(network.layers))


def true_logits(network: Sequential, images: Array) -> Array:
    """The logits in float64."""
    with using("reference"):
        exact = changed(network, dtype="float64")
        return np.concatenate([exact.forward(images[i : i + CHUNK]) for i in range(0, len(images), CHUNK)])


def true_gradients(network: Sequential, images: Array, labels: Array) -> list[Array]:
    """The loss and the gradient of each parameter in float64, nothing dropped."""
    with using("reference"):
        return gradients_of(changed(network, dtype="float64", dropout=False), images, labels)


def gradients_of(network: Sequential, images: Array, labels: Array) -> list[Array]:
    """The loss and the gradient of each parameter."""
    loss = network.loss_and_gradients(images, labels)
    return [np.array(loss), *(parameter.grad.copy() for parameter in network.parameters.values())]


def forward_error(network: Sequential) -> float:
    """The share by which logits may be off: a sum of n products has an error of about eps sqrt(n).

    In bfloat16 the two operands of each product are off by a share of up to half of its eps, at random, and so is a sum
    of them, layer after layer.
    """
    whole = [layer for layer in walk(network.layers) if layer.multiply_adds and not layer.inside]
    rounded = 0.0 if network.precision == FLOAT32 else BFLOAT16_EPS * sqrt(len(whole))
    return SAFETY * (EPS * sum(sqrt(layer.multiply_adds / prod(layer.out_shape)) for layer in whole) + rounded)


def require_logits(who: str, network: Sequential, found: Array, expected: Array) -> None:
    """WrongAnswerError unless these are the logits."""
    require_close(who, np.asarray(found), expected, forward_error(network))


def require_gradients(who: str, network: Sequential, found: Sequence[Array], expected: Sequence[Array]) -> None:
    """WrongAnswerError unless these are the loss and the gradients.

    Where a value lies so close to 0 that rounding decides, ReLU passes all of a gradient or nothing; max-pool chooses
    in the same way. If values are off by a share e, each of n such layers sends such a share of the gradients the other
    way, and the norm of a gradient is off by the root of n e. A missing or doubled term gives a much larger error.
    Weight and bias of a layer are taken together: before a batch normalization the bias alone has a gradient of 0.
    """
    require_close(f"{who}, loss", np.asarray(found[0]), expected[0], forward_error(network))
    names = list(network.parameters)
    if len(found) != len(names) + 1:
        raise WrongAnswerError(f"{who}: {len(found) - 1} gradients and not {len(names)}")
    switches = sum(isinstance(layer, layers.ReLU | layers.MaxPool2d) for layer in walk(network.layers))
    limit = sqrt(max(switches, 1) * forward_error(network))
    for layer in dict.fromkeys(name.rsplit(".", 1)[0] for name in names):
        error = size = 0.0
        for name, mine, right in zip(names, found[1:], expected[1:], strict=True):
            if name.rsplit(".", 1)[0] == layer:
                if mine.shape != right.shape:
                    raise WrongAnswerError(
                        f"{who}, {name}: its gradient has the shape {mine.shape} and not {right.shape}"
                    )
                error += float(np.square(mine - right).sum())
                size += float(np.square(right).sum())
        if not sqrt(error) <= limit * sqrt(size):  # a NaN is wrong too
            raise WrongAnswerError(
                f"{who}: the gradient of layer {layer} is off by {sqrt(error):.3g}, where {limit * sqrt(size):.3g} is "
                "allowed"
            )
