"""Contrast, by the formula of the Web Content Accessibility Guidelines 2.1, for all pairs of colours that meet."""

from __future__ import annotations

import re

import pytest
from PyQt5.QtGui import QColor

from fastcnn.gui.widgets import colors, matrix
from fastcnn.gui.window import theme

TEXT, SHAPE = 4.5, 3.0
NO_TEXT = {"off"}  # what cannot be pressed now; the guidelines leave it out


def _luminance(color):
    parts = [part / 255 for part in color.getRgb()[:3]]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(params=["light", "dark"])
def shade(request):
    before = colors.is_dark()
    colors.use(request.param == "dark")
    yield request.param
    colors.use(before)


def test_the_formula_gives_the_guidelines_numbers():
    assert contrast(QColor("white"), QColor("black")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("white")) == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize(("pairs", "least"), [(colors.TEXTS, TEXT), (colors.SHAPES, SHAPE)])
def test_texts_and_shapes_are_seen_on_all_that_they_stand_on(shade, pairs, least):
    found = {
        (above, below): contrast(colors.color(above), colors.color(below))
        for above, belows in pairs.items()
        for below in belows
    }
    assert {pair: ratio for pair, ratio in found.items() if ratio < least} == {}


def test_every_colour_of_a_text_is_among_the_pairs():
    used = set(re.findall(r"(?<![-\w])color: \{([\w-]+)\}", theme.SHEET))
    assert used and used - NO_TEXT <= set(colors.TEXTS)
    assert {above for pairs in (colors.TEXTS, colors.SHAPES) for above in pairs} <= set(colors.COLORS)


@pytest.mark.parametrize("right", [False, True])
def test_numbers_of_the_matrix_are_legible_however_many_mistakes_there_are(shade, right):
    strongest = matrix.STRENGTHS[right] + (0 if right else matrix.STRONGER)
    under = colors.mixed("right" if right else "wrong", strongest, "track")
    assert contrast(colors.color("text"), under) >= TEXT


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_words_of_a_plot_have_the_colour_of_text(window, settle, theme):
    settle()
    window.program.use_theme(theme)
    plot = window.program.pages.training_page.loss
    plot.make()
    item = plot._plot.getPlotItem()
    for words in (item.titleLabel.item, item.getAxis("bottom").label):
        assert colors.name_of("text") in words.toHtml()
