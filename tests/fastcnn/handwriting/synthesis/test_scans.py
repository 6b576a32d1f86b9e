"""Worn drawings: stretched towards a square, of few pixels, or with gaps; and MNIST's pictures as forms give them."""

import numpy as np
import pytest

from fastcnn import load_mnist
from fastcnn.handwriting.preparation.ink import crop
from fastcnn.handwriting.synthesis import scans


@pytest.fixture
def tall():
    """A stem with a flag, 10 wide and 80 high, and paper round it."""
    plane = np.zeros((140, 140), np.uint8)
    plane[30:110, 66:70] = 255
    plane[30:40, 60:70] = 255
    return plane


def only(monkeypatch, **shares):
    for name in ("STRETCHED", "BROKEN", "COARSE"):
        monkeypatch.setattr(scans, name, shares.get(name, 0.0))


def test_nothing_changes_a_drawing_that_is_not_worn(tall, rng, monkeypatch):
    only(monkeypatch)
    assert scans.worn(tall, rng) is tall


def test_blank_stays_blank(rng):
    assert not scans.worn(np.zeros((50, 50), np.uint8), rng).any()


def test_stretched_ink_is_at_most_a_square(tall, rng, monkeypatch):
    only(monkeypatch, STRETCHED=1.0)
    for wanted, plane in ((8.0, tall), (1 / 8, np.ascontiguousarray(tall.T))):
        found = [crop(scans.worn(plane, rng)).shape for _ in range(60)]
        ratios = np.array([height / width for height, width in found])
        assert {max(shape) for shape in found} == {80} or wanted < 1
        nearest = wanted / scans.MOST_STRETCH if wanted > 1 else wanted * scans.MOST_STRETCH
        low, high = sorted((nearest, wanted))
        assert (ratios > low * 0.85).all() and (ratios < high * 1.15).all()
        assert np.abs(ratios - nearest).min() < 0.3 * nearest


def test_gaps_take_some_ink_and_never_all(tall, rng, monkeypatch):
    only(monkeypatch, BROKEN=1.0)
    for _ in range(30):
        found = scans.worn(tall, rng)
        assert 0.1 * tall.sum() < found.sum() < tall.sum()
        assert (found <= tall).all()
    dot = np.zeros((20, 20), np.uint8)
    dot[10, 10] = 255
    assert scans.worn(dot, rng).any()


def test_coarse_pictures_have_few_pixels_or_were_enlarged_from_few(tall, rng, monkeypatch):
    only(monkeypatch, COARSE=1.0)
    sides, levels = [], []
    for _ in range(80):
        found = scans.worn(tall, rng)
        assert found.max() == 255
        assert not found[0].any() and not found[:, -1].any()  # paper round it
        sides.append(max(crop(found).shape))
        levels.append(len(np.unique(found)))
    assert min(sides) >= 7
    assert 0.4 < np.mean(np.array(sides) <= 16) < 0.8
    assert levels.count(2) > 20  # black and white


def test_copies_of_mnist_are_prepared_wider_and_the_same_again():
    (images, labels), _ = load_mnist(normalize=False)
    images = images[:300]
    found = scans.scanned(images, seed=2)
    assert found.shape == images.shape
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(scans.scanned(images[:20], seed=2), found[:20])
    ones = labels[:300] == 1

    def wide(pictures):
        return np.mean([crop(picture[0]).shape[1] for picture in pictures])

    assert wide(found[ones]) > wide(images[ones]) + 2
