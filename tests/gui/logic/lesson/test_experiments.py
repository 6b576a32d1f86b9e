"""What a class may try: flipped pixels, the pixel that fools a network, and pictures to look at."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from fastcnn.gui.logic.lesson import gallery
from fastcnn.gui.logic.lesson.pixels import Flips, find_fooling
from fastcnn.gui.logic.results import Results


def test_flips_are_made_undone_and_made_again():
    flips = Flips(np.array([[0, 0.4], [0.6, 1]], np.float32))
    flips.flip(0, 1)
    flips.flip(1, 0)
    assert flips.field.tolist() == [[0, 1], [0, 1]]
    assert flips.changed == [(0, 1), (1, 0)]
    flips.undo()
    assert flips.changed == [(0, 1)] and flips.can_redo
    flips.redo()
    assert flips.field.tolist() == [[0, 1], [0, 1]]
    flips.flip(1, 0)  # a second flip gives the pixel its first value again
    assert flips.field[1, 0] == np.float32(0.6)
    flips.reset()
    assert (flips.field == flips.original).all()
    for _ in range(9):
        flips.undo()
    assert not flips.can_undo and flips.changed == []


class _Looks:
    """A network of two classes that looks at one pixel, most of all."""

    def predict_proba(self, images):
        first = 0.9 - 0.8 * images[:, 0, 1, 2] - 0.1 * images[:, 0, 0, 0]
        return np.stack([first, 1 - first], axis=1)


def test_the_pixel_that_fools_is_found():
    field = np.zeros((3, 4), np.float32)
    found = find_fooling(_Looks(), field)
    assert (found.row, found.column, found.answer, found.changes) == (1, 2, 1, True)
    assert (found.share, found.share_before) == pytest.approx((0.9, 0.9))
    field[1, 2] = 1
    found = find_fooling(_Looks(), field)  # which says 1 now, because of that pixel
    assert (found.row, found.column, found.answer) == (1, 2, 0)


def test_a_pixel_that_does_not_fool_is_called_so():
    looks = SimpleNamespace(
        predict_proba=lambda images: np.stack(
            [0.9 - 0.1 * images[:, 0, 0, 0]] * 1 + [0.1 + 0.1 * images[:, 0, 0, 0]], axis=1
        )
    )
    found = find_fooling(looks, np.zeros((2, 2), np.float32))
    assert (found.row, found.column, found.answer, found.changes) == (0, 0, 0, False)
    assert found.share == pytest.approx(0.8)


def _results():
    """Ten digits, six pictures: two 8s read as 2, a 9 read as 4, a right 4 that is nearly a 9, two clear ones."""
    labels = np.array([8, 8, 9, 4, 1, 0])
    shares = np.zeros((6, 10), np.float32)
    for row, pairs in enumerate(
        [{2: 0.6, 8: 0.4}, {2: 0.9, 8: 0.1}, {4: 0.55, 9: 0.45}, {4: 0.52, 9: 0.48}, {1: 1}, {0: 1}]
    ):
        for digit, share in pairs.items():
            shares[row, digit] = share
    return Results(labels, shares, None, 1.0, 1.0)


def test_mistakes_by_kind():
    found = gallery.mistakes(_results())
    assert [(group.first, group.second, group.numbers) for group in found] == [(8, 2, (1, 0)), (9, 4, (2,))]


def test_look_alikes_by_pair():
    found = gallery.look_alikes(_results())
    assert [(group.first, group.second, group.numbers) for group in found] == [(4, 9, (3, 2)), (2, 8, (0,))]
