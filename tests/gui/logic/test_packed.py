"""Packed pictures have the pixels and labels that they had, and take less memory."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn.data.load import read_mnist
from fastcnn.gui.logic.packed import Packed


def test_mnist_is_unpacked_as_it_was_and_takes_half():
    images, labels = read_mnist(training=False)
    shares = []
    packed = Packed(images, labels, shares.append)
    assert len(packed) == 10_000 and packed._kept.nbytes == 10_000 * 20 * 20
    order = np.random.default_rng(0).permutation(10_000)
    for numbers in np.split(order, 10):
        found, digits = packed.batch(numbers)
        assert found.dtype == np.uint8 and found.shape == (1000, 1, 28, 28)
        assert (found == images[numbers]).all() and (digits == labels[numbers]).all()
    assert shares == sorted(shares) and len(shares) == 40, "others wait for each piece"


@pytest.mark.parametrize("shape", [(7, 1, 5, 8), (600, 1, 3, 2)])
def test_ink_may_be_anywhere_and_pictures_empty_or_full(shape, rng):
    images = rng.integers(1, 256, shape).astype(np.uint8) * (rng.random(shape) < 0.04)
    images[0] = 0
    images[1] = 9
    images[2] = 0
    images[2, 0, -1, -1] = 1
    for chosen in (slice(None), [0, 2], [0], slice(2, None)):
        some = np.ascontiguousarray(images[chosen]).astype(np.uint8)
        found, numbers = Packed(some, np.arange(len(some))).batch(np.arange(len(some))[::-1])
        assert (found == some[::-1]).all() and (numbers == np.arange(len(some))[::-1]).all()
