"""Packed pictures have the pixels and labels that they had, and take less memory."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from fastcnn.data.load import read_mnist, training_pieces
from fastcnn.gui.logic.engine import PIECE, training_pictures
from fastcnn.gui.logic.packed import Packed


def test_the_training_pictures_are_unpacked_in_pieces_as_they_were_and_take_a_third():
    images, labels = read_mnist(training=True)
    pieces = []
    packed = training_pictures(lambda: pieces.append(1))
    assert len(packed) == 60_000 and len(pieces) == 60_000 / PIECE, "others wait for each piece"
    assert packed._inked.nbytes + packed._masks.nbytes < 0.32 * images.nbytes
    order = np.random.default_rng(0).permutation(60_000)
    for numbers in np.split(order, 60):
        found, digits = packed.batch(numbers)
        assert found.dtype == np.uint8 and found.shape == (1000, 1, 28, 28)
        assert (found == images[numbers]).all() and (digits == labels[numbers]).all()


def test_all_who_need_the_training_pictures_have_the_same_and_then_they_go():
    packed = training_pictures()
    assert training_pictures() is packed
    kept = weakref.ref(packed._inked)
    del packed
    gc.collect()
    assert kept() is None
    assert len(training_pictures()) == 60_000


@pytest.mark.parametrize("count", [7, 2500, 60_000])
def test_pieces_of_the_training_set_together_are_the_set(count):
    images, labels = read_mnist(training=True)
    pieces = list(training_pieces(count))
    assert [len(each) for each, _ in pieces[:-1]] == [count] * (len(pieces) - 1)
    assert (np.concatenate([each for each, _ in pieces]) == images).all()
    assert (np.concatenate([numbers for _, numbers in pieces]) == labels).all()


@pytest.mark.parametrize("shape", [(7, 1, 5, 8), (600, 2, 3, 2)])
def test_pixels_may_be_anywhere_and_pictures_empty_or_full(shape, rng):
    images = rng.integers(1, 256, shape).astype(np.uint8) * (rng.random(shape) < 0.04)
    images[0] = 0
    images[1] = 9
    images[2] = 0
    images[2, 0, -1, -1] = 1
    for chosen in (slice(None), [0, 2], [0], slice(2, None)):
        some = np.ascontiguousarray(images[chosen]).astype(np.uint8)
        numbers = np.arange(len(some))
        pieces = [(some[start : start + 2], numbers[start : start + 2]) for start in range(0, len(some), 2)]
        found, labels = Packed(pieces).batch(numbers[::-1])
        assert (found == some[::-1]).all() and (labels == numbers[::-1]).all()
