"""What the texts of the shipped lessons claim of the paper's network and of their pictures."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from fastcnn import load_mnist, optim
from fastcnn.gui.logic.lesson.backward import LEARNING_RATES, learn
from fastcnn.gui.logic.lesson.files import read_lesson, shipped
from fastcnn.gui.logic.lesson.pixels import flipped
from fastcnn.gui.logic.lesson.stages import look
from fastcnn.network.calibration import calibrated
from fastcnn.zoo.bundled import bundled, load_classifier


@pytest.fixture(scope="module")
def paper():
    return load_classifier(bundled("paper"))


@pytest.fixture(scope="module")
def test_set():
    return load_mnist()[1]


@pytest.fixture(scope="module")
def lessons():
    return [read_lesson(path) for path in shipped()]


def _claims(step, *words):
    return all(each in text for each in words for text in step.text.values())


def test_some_filters_have_no_weights_left(paper):
    largest = np.abs(paper.parameters["0.weight"].array).max(axis=(1, 2, 3))
    assert largest.shape == (30,) and 3 <= (largest < 0.01).sum() < 15


def test_fewer_numbers_change_after_the_pooling_than_before_it(paper, test_set, lessons):
    field = test_set[0][lessons[1].steps[0].picture, 0]
    before = look(paper, field)
    inner = list(product(range(1, 27), repeat=2))
    edge = [(r, c) for r, c in inner if field[r, c] < 0.1 and field[r - 1 : r + 2, c - 1 : c + 2].max() > 0.5]
    assert len(edge) > 20
    for row, column in edge:
        after = look(paper, flipped(field, row, column, field))
        relu, pooled = (np.count_nonzero(before[at].out != after[at].out) for at in (2, 3))
        assert pooled < relu


def test_numbers_of_the_fully_connected_layer(paper, test_set, lessons):
    step = lessons[2].steps[0]
    stages = look(paper, test_set[0][step.picture, 0])
    assert _claims(step, f"{stages[4].x.size:,}", f"{stages[4].out.size}")
    shares = stages[-1].out
    assert set(np.argsort(shares)[-2:]) == {4, 9} and abs(shares[4] - shares[9]) < 0.05
    assert test_set[1][step.picture] == 4


def test_the_sure_mistake(paper, test_set, lessons):
    step = lessons[3].steps[0]
    (shares,) = calibrated(paper, test_set[0][step.picture : step.picture + 1])
    assert shares.argmax() == 3 and test_set[1][step.picture] == 5
    assert _claims(step, f"{100 * shares[3]:.0f}%")


def test_what_small_and_large_learning_rates_do(paper, test_set, lessons):
    images, labels = test_set
    number, step = lessons[4].steps[0].picture, lessons[4].steps[2]
    small, large = (learn(paper, images[number, 0], 8, rate) for rate in (0.001, 0.1))
    assert _claims(step, f"{small.lr:g}", f"{large.lr:g}", f"{100 * small.shares_after[8]:.0f}%", "100%")
    assert {small.lr, large.lr} <= set(LEARNING_RATES) and large.shares_after[8] > 0.9999
    spoilt = paper.copy()
    spoilt.loss_and_gradients(images[number : number + 1], labels[number : number + 1])
    spoilt.update_by(optim.SGD(large.lr))
    assert (spoilt.forward(images[:500]).argmax(axis=1) == 8).mean() > 0.95
