"""Distances are those to the nearest pixel, found by trying all of them."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn.handwriting.preparation.stroke_width import edge_distance, ink_depth, is_uneven, stroke_width


def by_trying_all(wanted, others):
    """The distance of each wanted pixel's centre from the nearest of the others, in row-major order."""
    apart = np.argwhere(wanted)[:, np.newaxis].astype(np.float64) - np.argwhere(others)
    return np.hypot(apart[..., 0], apart[..., 1]).min(axis=1)


@pytest.fixture
def ink(rng):
    """Some thick strokes and dots in 31 x 22 pixels, with a margin of one pixel."""
    picture = np.zeros((31, 22), np.float32)
    for top, left, height, width in ((1, 1, 29, 3), (3, 6, 11, 14), (20, 9, 2, 12), (27, 20, 1, 1)):
        picture[top : top + height, left : left + width] = 1
    picture[5:9, 9:12] = 0.2
    return picture


def test_depth_of_ink_is_the_distance_from_paper(ink):
    inside = ink >= 0.5
    depth = ink_depth(ink)
    assert depth[inside] == pytest.approx(by_trying_all(inside, ~inside) - 0.5, abs=1e-6)
    assert (depth[~inside] < 0).all()


@pytest.mark.parametrize("reach", [1, 2, 5, 30])
def test_distance_outside_is_exact_up_to_its_reach(ink, reach):
    inside = ink >= 0.5
    expected = by_trying_all(~inside, inside)
    away = 0.5 - edge_distance(ink, reach)[~inside]
    near = expected <= reach
    assert away[near] == pytest.approx(expected[near], abs=1e-6)
    assert (away[~near] > reach).all()


@pytest.mark.parametrize("pen", [4, 9])
def test_width_of_a_long_bar_is_the_pen(pen):
    bar = np.zeros((pen + 2, 400), np.float32)
    bar[1:-1, 1:-1] = 1
    # The mean depth of a bar whose rows are 0.5, 1.5, … from its edges; the raster adds as much for an odd pen.
    rows = np.minimum(np.arange(pen), np.arange(pen)[::-1]) + 0.5
    assert stroke_width(ink_depth(bar)) == pytest.approx(4 * rows.mean(), rel=0.02)


@pytest.mark.parametrize(("gap", "uneven"), [(0, False), (2, False), (3, True), (9, True)])
def test_pale_ink_is_a_stroke_only_farther_than_a_soft_edge(gap, uneven):
    """Next to a dark bar of four pixels, a pale line of one pixel. Edges are soft over half the bar and a pixel."""
    ink = np.zeros((30, 60), np.float32)
    ink[8:12, 5:55] = 1
    ink[12 + gap, 5:55] = 0.3
    distance = edge_distance(ink, 2)
    assert is_uneven(ink, distance, stroke_width(ink_depth(ink))) == uneven
