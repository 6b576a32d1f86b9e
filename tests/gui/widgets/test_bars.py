"""The bars say by more than colour which digit is right and which answer is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn.gui.widgets import colors
from fastcnn.gui.widgets.bars import Bars

SHARES = np.full(10, 0.02, np.float32)
SHARES[[2, 8]] = 0.6, 0.24


@pytest.fixture
def bars(qtbot):
    made = Bars()
    qtbot.addWidget(made)
    made.resize(300, 400)
    return made


def _colors_of_row(bars, digit):
    """The colours along the middle of a bar, left of its end."""
    image = bars.grab().toImage()
    row = image.height() * (bars.shown_digits().index(digit) + 0.5) / len(bars.shown_digits())
    places = [image.pixelColor(x, round(row) + y).name() for x in range(30, 60) for y in range(-4, 5)]
    return {place: places.count(place) for place in places}


def test_a_wrong_answer_is_hatched_and_the_right_digit_is_solid(bars):
    bars.show_shares(SHARES, truth=8)
    wrong, right = _colors_of_row(bars, 2), _colors_of_row(bars, 8)
    assert set(right) == {colors.name_of("right")}
    assert len(wrong) > 1 and wrong[colors.name_of("wrong")] > 20


def test_without_a_known_truth_the_answer_is_in_the_filled_colour(bars):
    bars.show_shares(SHARES)
    assert set(_colors_of_row(bars, 2)) == {colors.name_of("fill")}


@pytest.mark.parametrize(("height", "count"), [(400, 10), (120, 5), (80, 3)])
def test_where_there_is_little_room_the_largest_are_shown(bars, height, count):
    bars.show_shares(SHARES)
    letters = bars.fontMetrics().height()
    bars.resize(300, round(height * letters / 20))
    digits = bars.shown_digits()
    assert len(digits) == count
    assert digits == (list(range(10)) if count == 10 else [2, 8, 0, 1, 3][:count])


def test_a_refused_picture_has_one_bar_more_that_says_so(bars):
    bars.show_shares(SHARES, refused=0.9)
    assert "no digit" in bars.accessibleDescription()
    assert set(_colors_of_row(bars, 0)) != {colors.name_of("fill")}
    bars.resize(300, round(4.5 * bars.fontMetrics().height()))
    assert len(bars.shown_digits()) == 3
