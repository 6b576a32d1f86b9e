"""Rules are followed by their own ink: strokes that lie along them or on them stay, and thin rules go as a whole."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fastcnn.handwriting.paper.inked import Inked
from fastcnn.handwriting.paper.rules import remove_rules
from fastcnn.handwriting.preparation.components import label_components

HEIGHT, WIDTH, PITCH = 240, 320, 40


def net(width, level=255, first=20):
    """Squared paper: lines across and down, from edge to edge."""
    ink = np.zeros((HEIGHT, WIDTH), np.uint8)
    for start in range(first, HEIGHT, PITCH):
        ink[start : start + width] = level
    for start in range(first, WIDTH, PITCH):
        ink[:, start : start + width] = level
    return ink


def seven(top, left, pen=6, size=50):
    """A bar and a stem, in ink."""
    image = Image.new("L", (WIDTH, HEIGHT))
    canvas = ImageDraw.Draw(image)
    canvas.rectangle((left, top, left + size - 1, top + pen - 1), fill=255)
    canvas.line((left + size - pen, top, left + 15, top + size + 20), 255, pen)
    return np.asarray(image)


def kept(ink, cleaned):
    """The share of ink that is still there."""
    return (cleaned[ink >= 128] >= 128).mean()


def without_rules(ink):
    """The ink without its rules; there are some."""
    page = Inked(ink)
    cleaned = remove_rules(page)
    assert cleaned is not page
    return cleaned.ink


@pytest.mark.parametrize(("width", "pen"), [(2, 6), (3, 6), (3, 8), (4, 8)])
@pytest.mark.parametrize("beside", range(-6, 3))
def test_a_stroke_along_a_rule_stays(width, pen, beside):
    """Its bar touches a rule, lies over it, or covers it."""
    ink = seven(100 + beside, 70, pen)
    cleaned = without_rules(np.maximum(ink, net(width)))
    assert kept(ink, cleaned) > 0.75
    assert label_components(cleaned >= 64)[1] == 1


@pytest.mark.parametrize("width", [2, 3])
@pytest.mark.parametrize("beside", range(-6, 3))
def test_a_stroke_along_a_rule_down_stays(width, beside):
    ink = np.ascontiguousarray(seven(100 + beside, 70)[:, :HEIGHT].T)
    cleaned = without_rules(np.maximum(ink, net(width)[:, :HEIGHT].T))
    assert kept(ink, cleaned) > 0.75
    assert label_components(cleaned >= 64)[1] == 1


def test_a_thin_rule_that_moves_by_a_pixel_goes_whole():
    """A rule between two rows of pixels is now in one and now in the other."""
    lines = net(1)
    for start in range(20, WIDTH, PITCH):
        lines[::3, start - 1], lines[::3, start] = 255, lines[::3, start - 1]
    ink = seven(106, 75)
    cleaned = without_rules(np.maximum(ink, lines))
    assert label_components(cleaned >= 64)[1] == 1


def test_rules_of_different_darkness_go():
    """How dark a thin rule is depends on where it lies between the pixels; strokes are darker than pale rules."""
    lines = net(1, 150)
    lines[:, 60] = lines[:, 180] = 230
    ink = seven(106, 75)
    cleaned = without_rules(np.maximum(ink, lines))
    assert label_components(cleaned >= 64)[1] == 1


def boxes(side=60, tall=80, width=2):
    """Two rows of four boxes, each over the edge of the next one by 8 pixels."""
    ink = np.zeros((HEIGHT, WIDTH), np.uint8)
    for top in (20, 140):
        for left in range(20, 20 + 4 * (side - 8), side - 8):
            ink[top : top + width, left : left + side] = ink[top + tall - width : top + tall, left : left + side] = 255
            ink[top : top + tall, left : left + width] = ink[top : top + tall, left + side - width : left + side] = 255
    return ink


def kept_in_boxes(stroke, larger=0):
    """The share that stays of a stroke in the first row. There is a digit in the second one."""
    ink = np.pad(np.maximum(stroke, seven(152, 32, size=40)), ((0, larger), (0, larger)))
    cleaned = without_rules(np.maximum(ink, np.pad(boxes(), ((0, larger), (0, larger)))))
    return kept(ink[:130], cleaned[:130])


@pytest.mark.parametrize("pen", [2, 3])
@pytest.mark.parametrize(("left", "right"), [(72, 132), (74, 130), (78, 126)])
def test_a_bar_between_the_sides_of_boxes_stays(pen, left, right):
    """It is as thin and straight as the lines and ends at two of them, but not where lines of its direction end."""
    stroke = np.zeros((HEIGHT, WIDTH), np.uint8)
    stroke[60 : 60 + pen, left:right] = 255
    assert kept_in_boxes(stroke) > 0.85


@pytest.mark.parametrize("pen", [2, 3])
def test_a_stem_that_nearly_reaches_the_lines_of_its_box_stays(pen):
    """On a larger page the gaps at its ends are as small as breaks in a rule."""
    stroke = np.zeros((HEIGHT, WIDTH), np.uint8)
    stroke[26:94, 50 : 50 + pen] = 255
    assert kept_in_boxes(stroke, larger=600) > 0.85


@pytest.mark.parametrize("gap", [0, 2, 4, 6])
@pytest.mark.parametrize("width", [2, 3, 4])
def test_two_sides_of_boxes_close_together_go_both(width, gap):
    """Boxes 60 wide and 80 high, each with a stroke in it; the sides of two neighbours are `gap` apart."""
    ink, strokes = np.zeros((160, 360), np.uint8), np.zeros((160, 360), np.uint8)
    for place in range(4):
        left = 40 + place * (60 + gap)
        ink[40:120, left : left + width] = ink[40:120, left + 60 - width : left + 60] = 255
        ink[40 : 40 + width, left : left + 60] = ink[120 - width : 120, left : left + 60] = 255
        strokes[58:104, left + 26 : left + 33] = 255
    cleaned = without_rules(np.maximum(ink, strokes))
    np.testing.assert_array_equal(cleaned >= 64, strokes >= 64)


@pytest.mark.parametrize(("more", "stays"), [(1, False), (2, True)])
def test_what_lies_in_the_course_of_a_rule_only_is_no_stroke(more, stays):
    """A rule 3 pixels thick has `more` pixels at each side for some way; the digit is elsewhere."""
    ink = np.maximum(net(3), seven(106, 75))
    thick = slice(60 - more, 63 + more), slice(192, 212)
    ink[thick] = 255
    cleaned = without_rules(ink)
    assert (cleaned[thick] >= 64).any() == stays
    assert label_components(cleaned >= 64)[1] == 1 + stays
