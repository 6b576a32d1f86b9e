"""Synthetic non-digits: the same seed the same pictures, every family, and each way within reach of its box."""

import numpy as np
import pytest

from fastcnn.handwriting.synthesis.icons import ICONS
from fastcnn.handwriting.synthesis.kana import KANA
from fastcnn.handwriting.synthesis.letters import LETTERS, SIGNS
from fastcnn.handwriting.synthesis.nondigits import FAMILIES, KINDS, TURNED, kind_of, make, synthetic_nondigits, turned
from fastcnn.handwriting.synthesis.scribbles import MAKERS
from fastcnn.handwriting.synthesis.templates import parse, smooth


@pytest.fixture(scope="module")
def nondigits():
    return synthetic_nondigits(200, seed=3)


def test_pictures_are_prepared(nondigits):
    images, families = nondigits
    assert images.shape == (200, 1, 28, 28)
    assert images.dtype == np.uint8
    assert (images.max(axis=(1, 2, 3)) > 200).all()
    assert len(families) == 200


def test_same_seed_same_pictures():
    first, again, other = (synthetic_nondigits(40, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] == again[1]
    assert not np.array_equal(first[0], other[0])


def test_every_family_is_there_by_its_weight(nondigits):
    weights = np.array([weight for _, weight in FAMILIES.values()])
    _, families = nondigits
    counts = np.array([families.count(name) for name in FAMILIES])
    np.testing.assert_allclose(counts, 200 * weights / weights.sum(), atol=1.001)


def test_kinds_hold_every_family_and_a_letter_once():
    assert {kind_of(name) for name in FAMILIES} == set(range(len(KINDS)))
    assert kind_of("letter a") == kind_of("typed a") != kind_of("letter e")


@pytest.mark.parametrize("name", FAMILIES)
def test_pictures_of_a_family_differ(name):
    images = make(FAMILIES[name][0], 3, np.random.default_rng(5))
    assert not np.array_equal(images[0], images[1])
    assert images.any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize("name", MAKERS)
def test_strokes_of_a_rule_are_finite_and_long(name):
    rng = np.random.default_rng(2)
    for _ in range(20):
        strokes = MAKERS[name](rng)
        assert all(stroke.ndim == 2 and stroke.shape[1] == 2 and np.isfinite(stroke).all() for stroke in strokes)
        assert np.ptp(np.concatenate(strokes), axis=0).max() > 3


def test_every_way_is_drawn_within_reach_of_its_box():
    for text in [text for ways in (LETTERS, SIGNS, ICONS, KANA) for texts in ways.values() for text in texts]:
        way = parse(text)
        for points, corners in zip(way.points, way.corners, strict=True):
            line = smooth(points, corners)
            assert (line.min(axis=0) > (-40, -40)).all(), text
            assert (line.max(axis=0) < (130, 140)).all(), text


def test_letters_that_somebody_takes_for_digits_are_left_out():
    assert not set("OoDIilSsZzBbGgq01") & {*LETTERS, *SIGNS}


def test_no_sign_is_a_rhombus_which_may_be_a_0():
    lines = [points for text in SIGNS["objects"] for points in parse(text).points if len(points) == 5]
    edges = [np.hypot(*np.diff(points, axis=0).T) for points in lines]
    rhombi = [p for p, e in zip(lines, edges, strict=True) if np.ptp(e) < 1e-9 and (p[0] != p[1]).all()]
    assert not rhombi


def test_turned_digit_keeps_its_size():
    strokes = [np.array([[0.0, 0.0], [10.0, 4.0]])]
    for digit in TURNED:
        (moved,) = turned(digit, strokes, np.random.default_rng(0))
        assert sorted(np.abs(moved[1] - moved[0])) == [4, 10]
        assert not np.array_equal(moved, strokes[0])
