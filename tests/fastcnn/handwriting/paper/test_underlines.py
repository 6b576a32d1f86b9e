"""Lines under writing are followed at any slope and removed; strokes on them, across them and in them stay."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fastcnn.handwriting.drawings import Pose, draw
from fastcnn.handwriting.paper.inked import Inked
from fastcnn.handwriting.paper.rules import remove_rules
from fastcnn.handwriting.paper.underlines import remove_underlines
from fastcnn.handwriting.preparation.components import label_components
from fastcnn.handwriting.synthesis.templates import WAYS, parse, smooth

SIDE = 100
TALL = 80  # the digits fill that much of it


def drawn(digit, pen=10.0):
    """The first way of writing a digit, white on black."""
    way = parse(WAYS[digit][0])
    strokes = [smooth(points, corners) for points, corners in zip(way.points, way.corners, strict=True)]
    return draw(strokes, Pose(TALL / SIDE, pen, 0.5, 0.5), SIDE)


def row(*digits):
    """The ink of digits on one line, with empty paper round them."""
    return np.pad(np.hstack([drawn(digit) for digit in digits]), 60)


def underlined(ink, fall, drop, width=4):
    """With a line across, `drop` pixels under the lowest ink at its left end, that falls by so many pixels."""
    line = Image.new("L", ink.shape[::-1])
    bottom = int(np.flatnonzero((ink > 128).any(axis=1))[-1])
    ImageDraw.Draw(line).line((30, bottom + drop, ink.shape[1] - 30, bottom + drop + fall), 255, width)
    return np.maximum(ink, np.asarray(line))


def parts(ink):
    return label_components(ink >= 64)[1]


def without_rules(ink):
    """The ink without its rules; there are some."""
    page = Inked(ink)
    cleaned = remove_rules(page)
    assert cleaned is not page
    return cleaned.ink


@pytest.mark.parametrize("fall", [-40, -20, 0, 40, 70])
def test_a_line_at_any_slope_is_removed_whole(fall):
    ink = row(3, 8, 2, 5, 7)
    cleaned = without_rules(underlined(ink, fall, 12 + max(0, -fall)))
    np.testing.assert_array_equal(cleaned, ink)


@pytest.mark.parametrize("fall", [-130, 130])
def test_a_long_thin_line_is_followed(fall):
    """In no row is there a long run of its pixels."""
    ink = np.pad(row(*range(10), *range(10)), ((0, 150), (0, 0)))
    cleaned = without_rules(underlined(ink, fall, 12 + max(0, -fall), width=2))
    np.testing.assert_array_equal(cleaned, ink)


@pytest.mark.parametrize("digits", [(1, 7, 1, 9, 1, 4), (1, 1, 1, 1, 1), (7, 7, 7, 7)])
def test_many_stems_that_cross_a_line_are_no_net(digits):
    """They stay whole, and nothing of the line stays."""
    ink = row(*digits)
    cleaned = without_rules(underlined(ink, 6, -12))
    assert parts(cleaned) == parts(ink)
    assert ((cleaned >= 100) != (ink >= 100)).sum() < 0.06 * (ink >= 100).sum()


@pytest.mark.parametrize("digit", [0, 6, 8])
@pytest.mark.parametrize("drop", [-4, -2, 0])
def test_a_round_foot_that_lies_in_a_line_stays(digit, drop):
    """The digit still surrounds as many pieces of paper."""
    ink = row(digit, 1, digit)
    cleaned = without_rules(underlined(ink, 3, drop, width=6))
    assert parts(cleaned) == parts(ink) == 3
    holes = [label_components(picture < 64)[1] for picture in (cleaned, ink)]
    assert holes[0] == holes[1]


@pytest.mark.parametrize("digit", range(10))
def test_strokes_of_digits_are_no_lines(digit):
    page = Inked(row(digit, digit, digit))
    assert remove_underlines(page, float(TALL)) is page
