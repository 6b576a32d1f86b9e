"""A fast stroke, of which few places were seen, is a smooth line; straight lines and corners stay what they are."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from PyQt5.QtCore import QLineF, QPointF, Qt
from PyQt5.QtGui import QImage, QPainter, QPen

from fastcnn.gui.logic.drawing import SIDE
from fastcnn.gui.widgets.canvas import to_array

MIDDLE, RADIUS, WIDTH = SIDE / 2, 200, 12


@pytest.fixture
def canvas(window, settle):
    window.modeCombo.setCurrentIndex(1)
    window.widthSlider.setValue(WIDTH)
    settle()
    return window.canvas


def _stroke(canvas, points):
    canvas.pen_down(QPointF(*points[0]))
    for point in points[1:]:
        canvas.pen_to(QPointF(*point))
    canvas.pen_up()
    return canvas.array()


def _on_circle(angle):
    return MIDDLE + RADIUS * math.cos(angle), MIDDLE + RADIUS * math.sin(angle)


def test_a_circle_seen_at_nine_places_is_round(canvas):
    drawn = _stroke(canvas, [_on_circle(math.tau * step / 9) for step in range(10)])
    # Between two places, in the middle, a straight line would lie 200 * (1 - cos 20 deg) = 12 pixels inside. The first
    # and the last piece end without a direction.
    for step in range(1, 8):
        x, y = _on_circle(math.tau * (step + 0.5) / 9)
        assert drawn[round(y), round(x)] == 255, step
    # Nothing is left of the straight lines that were shown meanwhile.
    for step in range(1, 8):
        (x0, y0), (x1, y1) = _on_circle(math.tau * step / 9), _on_circle(math.tau * (step + 1) / 9)
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        assert drawn[round(y), round(x)] < 255, step


@pytest.mark.parametrize(
    "points",
    [
        [(100, 150), (400, 150), (220, 480)],
        [(100 + 20 * step, 150 + 7 * step) for step in range(15)],
        [(80, 80), (80, 400), (400, 400), (400, 80)],
    ],
    ids=["seven", "straight", "corners"],
)
def test_corners_and_straight_lines_are_what_they_were(canvas, points):
    expected = QImage(SIDE, SIDE, QImage.Format_Grayscale8)
    expected.fill(Qt.black)
    painter = QPainter(expected)
    painter.setRenderHint(QPainter.Antialiasing)
    painter.setPen(QPen(Qt.white, WIDTH, Qt.SolidLine, Qt.RoundCap, Qt.RoundJoin))
    painter.drawPoint(QPointF(*points[0]))
    for start, end in itertools.pairwise(points):
        painter.drawLine(QLineF(QPointF(*start), QPointF(*end)))
    painter.end()
    assert (_stroke(canvas, points) == to_array(expected)).all()


def test_a_smooth_stroke_is_undone_and_erased_as_any_other(canvas):
    before = _stroke(canvas, [(50, 50), (60, 500)])
    circle = [_on_circle(math.tau * step / 9) for step in range(10)]
    after = _stroke(canvas, circle)
    canvas.undo()
    assert (canvas.array() == before).all()
    canvas.redo()
    assert (canvas.array() == after).all()
    canvas.wipe()
    _stroke(canvas, circle)
    canvas.erases = True
    canvas.pen_width = WIDTH + 6
    assert not (_stroke(canvas, circle) > 127).any()


def test_points_are_kept_as_they_were_seen(canvas):
    circle = [_on_circle(math.tau * step / 9) for step in range(10)]
    _stroke(canvas, circle)
    assert np.allclose(canvas.drawing.done[-1].points, circle)
