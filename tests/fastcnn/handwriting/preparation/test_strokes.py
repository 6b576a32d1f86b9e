"""Strokes: thinned lines, where they meet, which goes on in which, and ink that two strokes share."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fastcnn.handwriting.preparation.components import label_components
from fastcnn.handwriting.preparation.strokes import _straight_on, find_strokes, thinned

PEN = 5


def drawn(*strokes, size=(60, 90)):
    """Polygonal strokes, drawn with a pen of 5 pixels."""
    image = Image.new("1", size[::-1])
    for stroke in strokes:
        ImageDraw.Draw(image).line(stroke, 1, PEN, "curve")
    return np.asarray(image)


def ring(x, y, radius=18, pen=PEN):
    rows, columns = np.indices((60, 90))
    return abs(np.hypot(rows - y, columns - x) - radius) <= pen / 2


def test_a_thinned_ring_is_a_closed_line_a_pixel_wide():
    line = thinned(ring(30, 30))
    assert not (line & ~ring(30, 30)).any()
    around = np.pad(line, 1)
    blocks = around[1:, 1:] & around[:-1, 1:] & around[1:, :-1] & around[:-1, :-1]
    assert not blocks.any()
    assert label_components(line)[1] == 1
    rows, columns = np.nonzero(line)
    assert abs(np.hypot(rows - 30, columns - 30) - 18).max() <= 1.5
    neighbours = sum(around[1 + y : 61 + y, 1 + x : 91 + x].astype(int) for y in (-1, 0, 1) for x in (-1, 0, 1)) - 1
    assert neighbours[line].min() >= 2  # it has no end


def test_a_stroke_goes_on_across_another_one():
    cross = drawn(((10, 30), (80, 30)), ((45, 5), (45, 55)))
    strokes = find_strokes(cross, cross, PEN)
    left, right = strokes.lines[30, 15], strokes.lines[30, 75]
    above, below = strokes.lines[10, 45], strokes.lines[50, 45]
    assert len({left, right, above, below, 0}) == 5
    assert strokes.onward[left] == {right} and strokes.onward[above] == {below}


def test_a_stroke_does_not_go_on_round_a_corner():
    """At a foot that meets a bar at its end, each goes on in nothing; a bar goes on past a stem."""
    tee = drawn(((10, 20), (80, 20)), ((45, 20), (45, 55)))
    strokes = find_strokes(tee, tee, PEN)
    left, right, stem = strokes.lines[20, 15], strokes.lines[20, 75], strokes.lines[45, 45]
    assert 0 not in (left, right, stem)
    assert strokes.onward[left] == {right} and strokes.onward[right] == {left} and strokes.onward[stem] == set()


@pytest.mark.parametrize("apart", [30, 34])
def test_two_rings_are_taken_apart_where_they_overlap(apart):
    """A cut between them opens both; along their strokes each is closed."""
    one, other = ring(25, 30), ring(25 + apart, 30)
    both = one | other
    inside = both.copy()
    inside[:, 25 + apart // 2 :] = False
    found = find_strokes(both, both, PEN).along(inside, 30)
    assert (found & one).sum() >= 0.93 * one.sum() > (inside & one).sum()
    assert (found & ~one).sum() <= 0.15 * one.sum()


def test_no_stroke_is_added_that_is_longer_than_the_limit():
    cross = drawn(((10, 30), (80, 30)), ((25, 5), (25, 55)))
    inside = cross.copy()
    inside[:, 28:] = False
    strokes = find_strokes(cross, cross, PEN)
    assert not strokes.along(inside, 40)[30, 70]
    assert strokes.along(inside, 60)[30, 70]


def test_all_ink_has_an_owner_and_soft_edges_belong_to_their_stroke(rng):
    mask = drawn(((10, 30), (80, 30)), ((45, 5), (45, 55)))
    soft = mask.copy()
    soft[1:] |= mask[:-1]
    strokes = find_strokes(mask, soft, PEN)
    np.testing.assert_array_equal(strokes.owners > 0, soft)
    for noise in (rng.random((20, 30)) < 0.5, np.ones((9, 9), bool), np.zeros((4, 5), bool)):
        found = find_strokes(noise, noise, 2.0)
        assert found.along(noise, 10).shape == noise.shape
        assert (found.owners[~noise] == 0).all()


@pytest.mark.parametrize(
    ("degrees", "pairs"),
    [
        ([0, 180], [(1, 2)]),
        ([0, 130], [(1, 2)]),
        ([0, 120], []),
        ([190, 0, 175], [(2, 3)]),  # 1 would go on in 2, too, but less straight
        ([0, 90, 178, 271], [(1, 3), (2, 4)]),
    ],
)
def test_lines_go_on_in_the_one_that_is_most_nearly_straight_ahead(degrees, pairs):
    turn = np.deg2rad(degrees)
    ends = [(number, direction) for number, direction in enumerate(np.stack([np.cos(turn), np.sin(turn)], 1), 1)]
    assert _straight_on(ends) == pairs
