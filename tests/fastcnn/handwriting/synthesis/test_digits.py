"""Synthetic pen digits: the same seed the same pictures, splines through their points, and digits that can be read."""

import numpy as np
import pytest

from fastcnn.handwriting.synthesis.digits import synthetic_digits
from fastcnn.handwriting.synthesis.templates import STEPS, WAYS, parse, smooth


@pytest.fixture(scope="module")
def digits():
    return synthetic_digits(210, seed=3)


def test_digits_are_prepared_and_the_confusable_ones_frequent(digits):
    images, labels = digits
    assert images.shape == (210, 1, 28, 28)
    assert images.dtype == np.uint8
    assert (images.max(axis=(1, 2, 3)) == 255).all()
    np.testing.assert_array_equal(np.bincount(labels), [15, 30, 15, 15, 30, 15, 15, 30, 15, 30])


def test_same_seed_same_pictures(digits):
    np.testing.assert_array_equal(synthetic_digits(50, seed=3)[0], digits[0][:50])
    assert not np.array_equal(synthetic_digits(50, seed=4)[0], digits[0][:50])


def test_network_that_never_saw_them_reads_most(digits):
    from fastcnn import Recognizer

    images, labels = digits
    answers = Recognizer("paper").network.predict_proba(images).argmax(axis=1)
    assert (answers == labels).mean() > 0.8


def test_every_way_is_drawn_within_reach_of_its_box():
    for text in [text for texts in WAYS.values() for text in texts]:
        way = parse(text)
        for points, corners in zip(way.points, way.corners, strict=True):
            line = smooth(points, corners)
            assert line.shape == ((len(points) - 1) * STEPS + 1, 2), text
            assert (line.min(axis=0) > (-40, -20)).all(), text
            assert (line.max(axis=0) < (100, 120)).all(), text
            np.testing.assert_allclose(line[::STEPS], points, atol=1e-9, err_msg=text)


def test_corner_is_sharp_and_a_smooth_point_is_not():
    points = np.array([(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)])
    sharp = smooth(points, (False, True, False))
    assert ((sharp[:, 1] == 0) | (sharp[:, 0] == 10)).all()
    assert smooth(points, (False, False, False))[:, 0].max() > 10
