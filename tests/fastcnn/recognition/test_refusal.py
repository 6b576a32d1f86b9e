"""Refusal: scores, the threshold by the share of digits that it refuses, and the ten digits' own probabilities."""

import numpy as np
import pytest

from fastcnn.digits import CLASSES
from fastcnn.layers import Affine, Flatten
from fastcnn.network.sequential import Sequential
from fastcnn.recognition import refusal
from fastcnn.recognition.recognizer import THRESHOLD, digit_scores

KINDS = 3


@pytest.fixture
def network():
    return Sequential([Flatten(), Affine(CLASSES + KINDS)], seed=1)


@pytest.fixture
def pictures(rng):
    return rng.random((500, 1, 28, 28), np.float32)


def test_score_is_the_share_of_the_ten_digits(network, pictures):
    logits = network.forward(pictures).astype(np.float64)
    shares = np.exp(logits)
    expected = shares[:, :10].sum(axis=1) / shares.sum(axis=1)
    np.testing.assert_allclose(digit_scores(network, pictures), expected, atol=1e-6)


@pytest.mark.parametrize("refused", [0.0, 0.01, 0.25])
def test_threshold_refuses_the_share_that_was_asked_for(network, pictures, refused):
    before = network.forward(pictures)
    refusal.fit_threshold(network, pictures, refused)
    scores = digit_scores(network, pictures)
    assert abs((scores < THRESHOLD).mean() - refused) <= 2 / len(pictures)
    np.testing.assert_array_equal(network.forward(pictures)[:, :10], before[:, :10])
    shift = network.forward(pictures)[:, 10:] - before[:, 10:]
    np.testing.assert_allclose(shift, shift[0, 0], atol=1e-5)


def test_of_digits_leaves_the_kinds_out():
    probabilities = np.array([[0.05] * 10 + [0.3, 0.1, 0.1]])
    np.testing.assert_allclose(refusal.of_digits(probabilities), np.full((1, 10), 0.1))
    ten = np.full((2, 10), 0.1)
    assert refusal.of_digits(ten) is ten
