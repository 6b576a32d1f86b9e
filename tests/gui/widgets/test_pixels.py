"""A picture of pixels is shown whole, and another one of its size moves nothing."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt5.QtCore import QEvent, QObject
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from fastcnn.gui.widgets.pixels import PixelLabel


class _Laid(QObject):
    """Counts how often a widget is asked to lay its parts out."""

    count = 0

    def eventFilter(self, watched, event):  # noqa: N802
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


@pytest.fixture
def label(qtbot):
    card = QWidget()
    label = PixelLabel(card)
    QVBoxLayout(card).addWidget(label)
    qtbot.addWidget(card)
    card.resize(120, 120)
    card.show()
    yield label


def _shown(label, places):
    image = label.pixmap().toImage()
    side = image.width()
    return [image.pixelColor(int(x * side), int(y * side)).getRgb()[:3] for x, y in places]


def test_another_picture_of_the_same_size_is_shown_and_lays_nothing_out(label, qtbot):
    pixels = np.zeros((2, 2), np.uint8)
    pixels[0, 0] = 255
    label.show_pixels(pixels)
    places = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
    assert _shown(label, places) == [(255,) * 3, (0,) * 3, (0,) * 3, (0,) * 3]
    qtbot.wait(1)
    laid = _Laid()
    label.parentWidget().installEventFilter(laid)
    label.show_pixels(100 - pixels // 255 * 50)
    assert _shown(label, places) == [(50,) * 3, (100,) * 3, (100,) * 3, (100,) * 3]
    colours = np.zeros((2, 2, 3), np.uint8)
    colours[1, 1] = 10, 20, 30
    label.show_pixels(colours)
    assert _shown(label, places)[3] == (10, 20, 30)
    qtbot.wait(1)
    assert laid.count == 0
    label.show_pixels(np.full((2, 1), 7, np.uint8))  # of another form
    assert (label.pixmap().height(), _shown(label, [(0.5, 0.5)])) == (2 * label.pixmap().width(), [(7,) * 3])
    label.show_pixels(None)
    assert label.pixmap() is None


def test_a_picture_follows_the_size_of_its_label(label, qtbot):
    label.show_pixels(np.full((4, 4), 9, np.uint8))
    label.parentWidget().resize(220, 260)
    qtbot.wait(1)
    assert label.pixmap().width() == min(label.width(), label.height())
