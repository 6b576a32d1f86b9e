"""The compared networks by their numbers of parameters, and what counts as a right answer."""

import numpy as np
import pytest

from fastcnn import Sequential, kernels, layers
from fastcnn.bench.rivals import networks
from fastcnn.checking.bounds import WrongAnswerError


def test_networks_are_those_of_the_table():
    """Weights of 3x3 convolutions, two numbers a channel of batch normalization, and the last Affine, by hand."""
    vgg, resnet = (networks.NETWORKS[name][0]() for name in ("VGG-like", "ResNet-like"))
    pairs = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256)]
    assert vgg.parameter_count == sum(9 * c * k + 2 * k for c, k in pairs) + 256 * 10 + 10
    pairs = [(3, 16), *[(16, 16)] * 6, (16, 32), *[(32, 32)] * 5, (32, 64), *[(64, 64)] * 5]
    shortcuts = sum(c * k + 2 * k for c, k in ((16, 32), (32, 64)))
    assert resnet.parameter_count == sum(9 * c * k + 2 * k for c, k in pairs) + shortcuts + 64 * 10 + 10
    assert {name: batches for name, (_, batches) in networks.NETWORKS.items()} == {
        "paper": (100, 256), "default": (100, 256), "VGG-like": (64,), "ResNet-like": (64,),
    }  # fmt: skip


def _network():
    parts = [layers.Conv2d(4, 3), layers.BatchNorm2d(), layers.ReLU(), layers.Dropout(0.5)]
    return Sequential([*parts, layers.GlobalAvgPool(), layers.Affine(3)], input_shape=(2, 6, 5), seed=0)


@pytest.fixture
def found(rng):
    kernels.use("cpu")
    network = _network()
    images, labels = rng.integers(0, 256, (7, 2, 6, 5), np.uint8), rng.integers(0, 3, 7)
    expected = networks.true_gradients(network, images, labels)
    return network, networks.gradients_of(networks.changed(network, dropout=False), images, labels), expected


def test_truth_is_float64_and_the_backend_stays(found):
    _, _, expected = found
    assert kernels.backend() == "cpu"
    assert all(each.dtype == np.float64 for each in expected[1:])


def test_right_gradients_are_accepted(found):
    network, mine, expected = found
    networks.require_gradients("ours", network, mine, expected)


@pytest.mark.parametrize("what", ["loss", "doubled", "missing", "nan", "shape"])
def test_wrong_gradients_are_refused(found, what):
    network, mine, expected = found
    if what == "loss":
        mine[0] = mine[0] * 1.001
    elif what == "doubled":
        mine[1] = 2 * mine[1]
    elif what == "missing":
        mine = mine[:-1]
    elif what == "nan":
        mine[3] = np.full_like(mine[3], np.nan)
    else:
        mine[1] = mine[1].reshape(-1)
    with pytest.raises(WrongAnswerError, match="theirs"):
        networks.require_gradients("theirs", network, mine, expected)


@pytest.mark.parametrize("name", ["paper", "default", "VGG-like"])
def test_a_missing_gradient_is_refused_in_bfloat16_too(name):
    """The bound grows with the layers, and must stay below the whole gradient."""
    kernels.use("cpu")
    network = networks.NETWORKS[name][0]()
    network.precision = "bfloat16-plain"
    expected = [np.float64(1), *(np.ones(each.shape) for each in network.parameters.values())]
    networks.require_gradients("ours", network, expected, expected)
    found = [expected[0], np.zeros_like(expected[1]), np.zeros_like(expected[2]), *expected[3:]]
    with pytest.raises(WrongAnswerError, match="the gradient of layer"):
        networks.require_gradients("ours", network, found, expected)


def test_no_value_lies_where_the_gradient_of_relu_jumps():
    """Black borders and biases of 0 meet there, and Winograd's method rounds; the reference sums exactly."""
    kernels.use("cpu", winograd="always")
    try:
        network = networks.with_biases(networks.NETWORKS["default"][0]())
        batch = networks.pictures_for(network, 8)
        found = networks.gradients_of(networks.changed(network, dropout=False), *batch)
        networks.require_gradients("ours", network, found, networks.true_gradients(network, *batch))
    finally:
        kernels.use("cpu")


def test_wrong_logits_are_refused(rng):
    network = _network()
    images = rng.integers(0, 256, (60, 2, 6, 5), np.uint8)
    expected = networks.true_logits(network, images)  # in two chunks
    networks.require_logits("ours", network, network.forward(images), expected)
    bfloat16 = (network.forward(images).view(np.uint32) & 0xFFFF0000).view(np.float32)
    with pytest.raises(WrongAnswerError):
        networks.require_logits("theirs", network, bfloat16, expected)


def test_random_pictures_where_mnist_does_not_fit():
    images, labels = networks.pictures_for(_network(), 9)
    assert images.shape == (9, 2, 6, 5) and images.dtype == np.uint8 and set(labels) <= {0, 1, 2}
    again, _ = networks.pictures_for(_network(), 9)
    assert (images == again).all()


def test_more_pictures_than_mnist_has_are_random(monkeypatch):
    few = np.zeros((3, 2, 6, 5), np.uint8), np.zeros(3, np.int64)
    monkeypatch.setattr(networks, "training_pictures", lambda: few)
    ten = Sequential([layers.Flatten(), layers.Affine(10)], input_shape=(2, 6, 5), seed=0)
    assert not networks.pictures_for(ten, 3)[0].any()
    assert len(networks.pictures_for(ten, 4)[0]) == 4 and networks.pictures_for(ten, 4)[0].any()


def test_bytes_of_the_right_answers_by_hand():
    """60 values go in; 3 filters of 2x2 windows give 3x5x4, from 20 windows of 2x2x2 values."""
    parts = [layers.Conv2d(3, 2), layers.Flatten(), layers.Affine(3)]
    network = Sequential(parts, input_shape=(2, 6, 5), seed=0)
    assert networks.values_of(network) == 60 + 60 + 60 + 3
    assert networks.needed_bytes(network, 7) == 16 * 7 * (183 + 20 * 8)
