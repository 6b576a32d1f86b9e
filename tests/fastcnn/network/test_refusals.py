"""What one backend refuses the other refuses too: the same exception, the same sentence, and nothing has changed."""

import numpy as np
import pytest

from fastcnn.layers import (
    GELU,
    KINDS,
    Affine,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    LeakyReLU,
    MaxPool2d,
    Normalize,
    ReLU,
    Residual,
    SiLU,
)
from fastcnn.network.sequential import Sequential
from tests.fastcnn.layers.cases import CASES
from tests.fastcnn.own_layers import PReLU
from tests.kernels.checks import running

BACKENDS = ("reference", "cpu")

# Each layer at the start, in the middle and at the end of a network on pictures of 2x6x5, as far as it can be there.
NETWORKS = {
    "Conv2d": lambda: [Conv2d(4, 3), Conv2d(3, 2, groups=1, padding=1), ReLU(), GlobalAvgPool()],
    "BatchNorm2d": lambda: [BatchNorm2d(), ReLU(), Conv2d(4, 3), BatchNorm2d(), Flatten(), Affine(3)],
    "BatchNorm2d of one pixel": lambda: [Conv2d(4, (6, 5)), ReLU(), BatchNorm2d(), Flatten(), Affine(3)],
    "BatchNorm2d of one pixel, fused": lambda: [Conv2d(4, (6, 5)), BatchNorm2d(), ReLU(), GlobalAvgPool(), Affine(3)],
    "MaxPool2d": lambda: [MaxPool2d(2), Conv2d(3, 2), ReLU(), MaxPool2d((2, 1)), Flatten(), Affine(3)],
    "Affine": lambda: [Flatten(), Affine(7), ReLU(), Affine(3)],
    "Dropout": lambda: [Dropout(0.5), Flatten(), Dropout(0.5), Affine(3), Dropout(0.1)],
    "GlobalAvgPool": lambda: [ReLU(), Conv2d(3, 1), GlobalAvgPool()],
    "Residual": lambda: [Residual(Conv2d(2, 1)), ReLU(), Residual(ReLU()), Flatten(), Residual(Affine(60)), Affine(3)],
    "Residual with batch norm of one pixel": lambda: [
        Conv2d(4, (6, 5)),
        Residual(Conv2d(4, 1), BatchNorm2d()),
        GlobalAvgPool(),
        Affine(3),
    ],
    "Concat": lambda: [Concat(ReLU(), []), Concat([], Conv2d(2, 1)), GlobalAvgPool(), Concat(Affine(1), Affine(2))],
    "Normalize": lambda: [Normalize([0.1, 0.2], [1.0, 2.0]), Conv2d(3, 2), GlobalAvgPool()],
    "functions of one number": lambda: [LeakyReLU(), GELU(), Conv2d(3, 1), SiLU(), GlobalAvgPool(), GELU(), Affine(3)],
    "AvgPool2d": lambda: [AvgPool2d(2), ReLU(), AvgPool2d((2, 1)), Flatten(), Affine(3)],
    "BatchNorm1d, which has one pixel": lambda: [Flatten(), BatchNorm1d(), Affine(4), BatchNorm1d(), ReLU(), Affine(3)],
    "own": lambda: [PReLU(), Conv2d(4, 3), PReLU(), Flatten(), Affine(3), PReLU()],
}
# Every other layer, at the start.
_LISTED = {type(layer) for make in NETWORKS.values() for layer in make()}
NETWORKS |= {
    name: lambda make=make: [make(), Flatten(), Affine(3)]
    for name, (make, _) in CASES.items()
    if type(make()) not in _LISTED
}


def _images(n=4, shape=(2, 6, 5), dtype=np.float32, **changes):
    images = np.random.default_rng(0).random((n, *shape)).astype(dtype)
    for value in changes.values():
        images[-1, 0, 2, 3] = value
    return images


def _labels(n=4):
    return np.arange(n) % 3


# What is wrong: (images, labels, further arguments).
TRAINING = {
    "no picture": lambda: (_images(0), _labels(0), {}),
    "one picture": lambda: (_images(1), _labels(1), {}),
    "one picture of bytes": lambda: (np.ones((1, 2, 6, 5), np.uint8), _labels(1), {}),
    "NaN": lambda: (_images(pixel=np.nan), _labels(), {}),
    "infinity": lambda: (_images(pixel=np.inf), _labels(), {}),
    "minus infinity in float64": lambda: (_images(dtype=np.float64, pixel=-np.inf), _labels(), {}),
    "beyond float32": lambda: (_images(dtype=np.float64, pixel=1e39), _labels(), {}),
    "another size": lambda: (_images(shape=(2, 5, 6)), _labels(), {}),
    "no channels": lambda: (_images().reshape(4, -1), _labels(), {}),
    "integers": lambda: (_images().astype(np.int32), _labels(), {}),
    "half floats": lambda: (_images().astype(np.float16), _labels(), {}),
    "other byte order": lambda: (_images().astype(">f4"), _labels(), {}),
    "a list": lambda: (_images().tolist(), _labels(), {}),
    "too few labels": lambda: (_images(), _labels(3), {}),
    "label too large": lambda: (_images(), _labels() + 1, {}),
    "label negative": lambda: (_images(), _labels() - 1, {}),
    "labels of floats": lambda: (_images(), _labels() * 1.0, {}),
    "labels one-hot": lambda: (_images(), np.eye(4, dtype=int), {}),
    "smoothing of one": lambda: (_images(), _labels(), {"label_smoothing": 1.0}),
    "smoothing of NaN": lambda: (_images(), _labels(), {"label_smoothing": np.nan}),
    "negative step": lambda: (_images(), _labels(), {"step": -1}),
    "step of a float": lambda: (_images(), _labels(), {"step": 1.5}),
}
ALLOWED = {name: {"one picture", "one picture of bytes"} for name in NETWORKS if "one pixel" not in name}


def _told(call):
    """The exception's type and sentence; None where there is none."""
    try:
        call()
    except Exception as error:
        return type(error), str(error)
    return None


def _network(name):
    return Sequential(NETWORKS[name](), input_shape=(2, 6, 5), seed=0)


def test_every_layer_is_in_the_networks():
    used = {type(layer).__name__ for make in NETWORKS.values() for layer in make()}
    assert {name for name, kind in KINDS.items() if kind.__module__.startswith("fastcnn")} <= used


@pytest.mark.parametrize("name", NETWORKS)
def test_a_training_batch_is_refused_alike_and_nothing_changes(name):
    for wrong, make in TRAINING.items():
        told = []
        for backend in BACKENDS:
            with running(backend):
                network = _network(name)
                before = network.values.copy(), network.buffers.copy()
                images, labels, options = make()
                told.append(_told(lambda: network.loss_and_gradients(images, labels, **options)))  # noqa: B023
                np.testing.assert_array_equal(network.values, before[0], err_msg=wrong)
                if told[-1] is not None:
                    np.testing.assert_array_equal(network.buffers, before[1], err_msg=wrong)
                    assert not network.gradients.any(), wrong
                    assert np.isfinite(network.forward(_images())).all()
        assert told[0] == told[1], wrong
        assert (told[0] is None) == (wrong in ALLOWED.get(name, ())), (wrong, told[0])
        if told[0] is not None:
            assert issubclass(told[0][0], ValueError | TypeError) and len(told[0][1]) <= 200, wrong


INFERENCE = ("NaN", "infinity", "minus infinity in float64", "beyond float32", "another size", "no channels")
INFERENCE += ("integers", "half floats", "other byte order", "a list")


@pytest.mark.parametrize("method", ["forward", "predict_proba"])
@pytest.mark.parametrize("name", NETWORKS)
def test_pictures_to_read_are_refused_alike(name, method):
    for wrong in INFERENCE:
        told = []
        for backend in BACKENDS:
            with running(backend):
                images, _, _ = TRAINING[wrong]()
                told.append(_told(lambda: getattr(_network(name), method)(images)))  # noqa: B023
        assert told[0] == told[1], wrong
        if wrong != "minus infinity in float64":  # a ReLU or a max-pool may end it: then there is an answer
            assert told[0] is not None and "images" in told[0][1], wrong


def test_batch_norm_with_one_value_a_channel_is_refused_in_training_alone():
    for backend in BACKENDS:
        with running(backend):
            network = _network("BatchNorm2d of one pixel")
            assert network.least_batch == 2
            with pytest.raises(ValueError, match=r"at least 2 pictures .* layer 2 \(BatchNorm2d\) needs more"):
                network.loss_and_gradients(_images(1), _labels(1))
            assert np.isfinite(network.loss_and_gradients(_images(2), _labels(2)))
            assert network.forward(_images(1)).shape == (1, 3)
    assert _network("BatchNorm2d").least_batch == 1
