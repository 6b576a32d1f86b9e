"""`Sequential.training_parts`: run in order, the parts are `loss_and_gradients`, of any network with a plan."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import Sequential, kernels
from fastcnn.kernels.threads import set_threads, threads
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Dropout, Flatten, MaxPool2d, ReLU
from fastcnn.layers.base import Layer


class Halved(Layer):
    """A layer of a user's, which has no fused step."""

    def forward(self, x, training):
        return x / 2

    def backward(self, grad_out):
        return grad_out / 2


@pytest.fixture(autouse=True)
def cpu():
    before, count = kernels.backend(), threads()
    kernels.use("cpu")
    yield
    kernels.use(before)
    set_threads(count)


@pytest.fixture
def batch(rng):
    return rng.integers(0, 256, (7, 1, 12, 11), np.uint8), rng.integers(0, 4, 7)


def everything():
    layers = [
        Conv2d(3, 3), BatchNorm2d(), ReLU(), Conv2d(2, 2), ReLU(), MaxPool2d(2), Halved(), Dropout(0.3, seed=2),
        Flatten(), Affine(4),
    ]  # fmt: skip
    return Sequential(layers, input_shape=(1, 12, 11), seed=0)


def run(parts, held):
    with held:
        for part in parts:
            part.run()


@pytest.mark.parametrize("count", [1, pytest.param(2, marks=pytest.mark.slow)])  # that compiles the steps with threads
def test_the_parts_together_give_the_bits_of_the_whole(batch, count):
    set_threads(count)
    whole, split = everything(), everything()
    whole.loss_and_gradients(*batch)
    run(*split.training_parts(*batch))
    np.testing.assert_array_equal(split.gradients, whole.gradients)
    np.testing.assert_array_equal(split.buffers, whole.buffers)
    assert whole.gradients.any()


def test_another_batch_between_does_not_show(batch, rng):
    whole, split = everything(), everything()
    parts, held = split.training_parts(*batch)
    for network in (whole, split):
        network.loss_and_gradients(batch[0][:5], (batch[1][:5] + 1) % 4)
        network.buffers[...] = 1
    whole.loss_and_gradients(*batch)
    run(parts, held)
    np.testing.assert_array_equal(split.gradients, whole.gradients)


def test_parts_have_names_and_useful_work(batch):
    network = Sequential([Conv2d(2, 3), ReLU(), Flatten(), Affine(4)], input_shape=(1, 12, 11), seed=0)
    parts, _ = network.training_parts(*batch)
    convolution, affine = 10 * 9 * 2 * 9, 180 * 4
    assert [part.multiply_adds for part in parts if part.multiply_adds] == [
        7 * convolution, 7 * affine, 7 * 2 * affine, 7 * convolution,
    ]  # fmt: skip
    names = [part.name for part in parts]
    assert names[:2] == ["checks of the arguments", "pictures"] and len(set(names)) == len(names)
    assert all(part.nbytes > 0 for part in parts[1:])


def test_wrong_arguments_are_refused_as_by_the_whole(batch):
    images, labels = batch
    with pytest.raises(ValueError, match="labels"):
        everything().training_parts(images, labels + 4)


def test_a_backend_without_steps_has_no_parts(batch):
    kernels.use("reference")
    with pytest.raises(ValueError, match="backend 'reference' has no plan for this network"):
        everything().training_parts(*batch)
