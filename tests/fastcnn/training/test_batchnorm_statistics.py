"""Settled statistics: those of the pictures given, whatever was there before, and nothing else changes."""

import numpy as np
import pytest

from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Flatten
from fastcnn.network.sequential import Sequential
from fastcnn.training.batchnorm_statistics import settle_statistics


@pytest.fixture
def network():
    """Its first layer passes the pictures on, so that the statistics are the pictures' own."""
    made = Sequential([Conv2d(1, 1), BatchNorm2d(), Flatten(), Affine(2)], input_shape=(1, 3, 4), seed=0)
    made.parameters["0.weight"].assign(np.ones((1, 1, 1, 1)))
    made.buffers[:] = 20.0  # far off
    return made


@pytest.fixture
def images(rng):
    """Two kinds of pictures, dark ones and then bright ones, as a mixed training set has them."""
    dark, bright = rng.normal(1, 0.5, (8000, 1, 3, 4)), rng.normal(5, 0.5, (8000, 1, 3, 4))
    return np.concatenate([dark, bright]).astype(np.float32)


def test_statistics_are_those_of_all_pictures_together(network, images):
    values = network.values.copy()
    settle_statistics(network, images)
    found = {name: float(window.array[0]) for name, window in network.statistics.items()}
    assert found["1.running_mean"] == pytest.approx(images.mean(), rel=0.02)
    assert found["1.running_var"] == pytest.approx(images.var(), rel=0.02)  # 4.25; of each kind alone 0.25
    np.testing.assert_array_equal(network.values, values)


def test_same_pictures_give_the_same_bits(network, images):
    twin = network.copy()
    twin.buffers[:] = network.buffers
    settle_statistics(network, images)
    settle_statistics(twin, images)
    np.testing.assert_array_equal(network.buffers, twin.buffers)


@pytest.mark.parametrize("count", [1, 30, 101])
def test_few_pictures_are_taken_again_and_again(network, images, count):
    settle_statistics(network, images[:count])
    assert network.statistics["1.running_mean"].array[0] == pytest.approx(images[:count].mean(), rel=0.03)
