"""Pickles and copies, as joblib and multiprocessing make them: the same answers, and trainings go on, bit for bit."""

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pytest

from fastcnn import Recognizer, Sequential, optim, paper_network
from fastcnn.arrays import Array
from fastcnn.kernels.arrays import ALIGNMENT_BYTES
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Dropout, Flatten, MaxPool2d, ReLU
from fastcnn.network.committee import Committee
from fastcnn.optim.optimizers import KINDS
from fastcnn.training.augment import Augmentation
from fastcnn.training.trainer import Trainer
from tests.fastcnn.own_layers import PReLU
from tests.kernels.checks import running


def network(seed=0, **options):
    """Of fused steps, a layer of its own, dropout and running statistics."""
    layers = [
        *(Conv2d(4, 3, padding=1), BatchNorm2d(), ReLU(), MaxPool2d(2), PReLU(), Flatten(), Dropout(0.3, seed=2)),
        Affine(10),
    ]
    return Sequential(layers, input_shape=(1, 12, 10), seed=seed, **options)


def batch(n=8, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 1, 12, 10), np.uint8), rng.integers(0, 10, n)


def through_pickle(thing):
    return pickle.loads(pickle.dumps(thing))


WAYS = {"pickle": through_pickle, "deepcopy": copy.deepcopy, "copy": copy.copy}


def state(net) -> dict[str, Array]:
    return net.state_arrays()


def assert_same_state(one, other):
    assert state(one).keys() == state(other).keys()
    for name, array in state(one).items():
        np.testing.assert_array_equal(array, state(other)[name], err_msg=name)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_a_network_comes_back_whole(way, backend):
    dtype = np.float64 if backend == "reference" else np.float32  # kernels for float64 would compile again
    with running(backend):
        net = network(name="mine", views=5, classes=list("abcdefghij"), dtype=dtype)
        net.temperature = 1.5
        images, labels = batch()
        net.loss_and_gradients(images, labels)
        twin = WAYS[way](net)
        assert twin.describe() == net.describe()
        assert (twin.temperature, twin.views, twin.classes) == (1.5, 5, tuple("abcdefghij"))
        np.testing.assert_array_equal(twin.forward(images), net.forward(images))
        assert_same_state(twin, net)
        assert twin.loss_and_gradients(images, labels, step=3) == net.loss_and_gradients(images, labels, step=3)
        twin.values[:] = 0
        assert (net.values != 0).any()


def test_a_network_that_is_not_finite_comes_back():
    net = network()
    net.values[3] = np.nan
    assert_same_state(through_pickle(net), net)


def test_a_layer_comes_back_new():
    net = network()
    net.loss_and_gradients(*batch())
    for way in WAYS.values():
        again = way(net.layers[0])
        assert again.describe() == net.layers[0].describe()
        Sequential([again, Flatten(), Affine(3)], input_shape=(2, 5, 5))  # it belongs to no network yet


@pytest.mark.parametrize("way", WAYS)
def test_a_committee_comes_back(way):
    committee = Committee([network(1), network(2)], name="two")
    committee.members[0].temperature, committee.temperature = 2.0, 3.0
    twin = WAYS[way](committee)
    images, _ = batch()
    np.testing.assert_array_equal(twin.predict_proba(images), committee.predict_proba(images))
    assert (twin.name, twin.temperature) == ("two", 3.0)


@pytest.mark.parametrize("way", WAYS)
def test_a_recognizer_comes_back(way):
    recognizer = Recognizer("paper")
    twin = WAYS[way](recognizer)
    drawing = np.zeros((40, 40), np.uint8)
    drawing[6:34, 18:22] = 255
    ours, theirs = recognizer.recognize(drawing), twin.recognize(drawing)
    assert ours.digit == theirs.digit
    np.testing.assert_array_equal(ours.probabilities, theirs.probabilities)
    assert through_pickle(ours).confidence == ours.confidence


OPTIMIZERS = [partial(kind, 0.01) for kind in KINDS.values()]


@pytest.mark.parametrize("way", ["pickle", "deepcopy"])
@pytest.mark.parametrize("make", OPTIMIZERS)
def test_a_training_goes_on_to_the_same_bits(make, way):
    trainer = Trainer(network(), make(), label_smoothing=0.1, clip_norm=1.0, ema_decay=0.9)
    for seed in range(3):
        trainer.step(*batch(seed=seed))
    twin = WAYS[way](trainer)
    assert twin._average._source is twin.network is not trainer.network
    for seed in range(3, 6):
        assert trainer.step(*batch(seed=seed)) == twin.step(*batch(seed=seed))
    assert_same_state(twin.network, trainer.network)
    assert_same_state(twin._average.network, trainer._average.network)
    for name, array in trainer.optimizer.state_arrays().items():
        np.testing.assert_array_equal(array, twin.optimizer.state_arrays()[name], err_msg=name)


def test_fit_goes_on_to_the_same_bits():
    images, labels = batch(60)
    options = {"batch_size": 16, "validation": 12, "progress": False}
    trainer = Trainer(network(), optim.Adam(0.01), ema_decay=0.9, augmentation=Augmentation(turn_deg=5))
    history = trainer.fit(images, labels, epochs=1, **options)
    assert through_pickle(history) == history
    twin = through_pickle(trainer)
    for each in (trainer, twin):
        each.fit(images, labels, epochs=1, seed=3, **options)
    assert_same_state(twin.network, trainer.network)


@pytest.mark.parametrize("way", WAYS)
def test_the_state_of_an_optimizer_lies_as_the_kernels_like_it(way):
    trainer = Trainer(network(), optim.Adam(0.01))
    trainer.step(*batch())
    twin = WAYS[way](trainer.optimizer)
    assert twin.steps == 1
    for name, array in twin._state.items():
        assert array.ctypes.data % ALIGNMENT_BYTES == 0
        assert not np.shares_memory(array, trainer.optimizer._state[name])


def test_a_process_that_was_spawned_takes_them_and_gives_them_back():
    images, labels = batch()
    trainer, committee = Trainer(paper_network(seed=1), optim.Adam(0.001)), Committee([network(1), network(2)])
    digits = np.random.default_rng(0).integers(0, 256, (4, 1, 28, 28), np.uint8)
    trainer.step(digits, labels[:4])
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        answers = pool.submit(committee.predict_proba, images)
        stepped = pool.submit(_stepped, trainer, digits, labels[:4])
        there, (loss, after) = answers.result(), stepped.result()
    np.testing.assert_array_equal(there, committee.predict_proba(images))
    assert loss == trainer.step(digits, labels[:4])
    assert_same_state(after.network, trainer.network)


def _stepped(trainer, images, labels):
    return trainer.step(images, labels), trainer
