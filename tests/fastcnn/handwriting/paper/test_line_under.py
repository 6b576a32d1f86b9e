"""The line under a single digit: underlines are told from the base of a 2 by where they stick out."""

import numpy as np
import pytest

from fastcnn.handwriting.drawings import Pose, draw
from fastcnn.handwriting.paper.inked import Inked
from fastcnn.handwriting.paper.line_under import find_line_under
from fastcnn.handwriting.synthesis.templates import WAYS, parse, smooth

STICKS_OUT = 0.1  # as in `page`


def drawn(digit, side=160):
    """The first way of writing a digit, white on black, with empty paper round it."""
    way = parse(WAYS[digit][0])
    strokes = [smooth(points, corners) for points, corners in zip(way.points, way.corners, strict=True)]
    return np.pad(draw(strokes, Pose(0.8, 16.0, 0.5, 0.5), side), 60)


def underlined(ink, gap=0, thick=8, out=30, fall=4):
    """The ink with a line under it: `gap` below it, or into it, and `out` pixels longer at both sides."""
    found = ink.copy()
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    for column in range(columns[0] - out, columns[-1] + out):
        top = rows[-1] + gap + round(fall * (column - columns[0] + out) / (np.ptp(columns) + 2 * out))
        found[top : top + thick, column] = 255
    return found


def shared(one, other):
    one, other = one >= 100, other >= 100
    return (one & other).sum() / (one | other).sum()


def is_taken_away(ink, gap):
    found = find_line_under(Inked(underlined(ink, gap)))
    return found is not None and found.out >= STICKS_OUT and shared(found.without, ink) > 0.9


@pytest.mark.parametrize("digit", range(10))
def test_line_apart_from_a_digit_is_taken_away_and_all_of_the_digit_stays(digit):
    assert is_taken_away(drawn(digit), 12)


@pytest.mark.parametrize("digit", [0, 3, 4, 5, 6, 7, 8, 9])
def test_line_that_touches_a_digit_is_taken_away(digit):
    assert is_taken_away(drawn(digit), -5)


def test_wide_digit_on_a_line_that_is_little_wider():
    """What stands on the line counts, not what is wide over it."""
    ink = drawn(0)
    found = find_line_under(Inked(underlined(ink, -4, out=4, fall=0)))
    assert found is not None
    assert found.out >= STICKS_OUT


@pytest.mark.parametrize("digit", range(10))
def test_no_digit_stands_on_an_underline_of_its_own(digit):
    found = find_line_under(Inked(drawn(digit)))
    assert found is None or found.out < STICKS_OUT


def test_line_under_a_number_and_blank_paper_are_not_searched():
    row = np.hstack([drawn(digit)[:, 60:-60] for digit in (1, 4, 7)])
    assert find_line_under(Inked(underlined(np.pad(row, 60)))) is None
    assert find_line_under(Inked(np.zeros((40, 60), np.uint8))) is None
