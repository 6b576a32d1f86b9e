"""The window fits its size: the field, the result and the bars are in sight, and nothing turns in a circle."""

from __future__ import annotations

import sys

from PyQt5.QtCore import QRect

from fastcnn.gui.logic.settings import ZOOMS

IN_SIGHT = ("pictureStack", "resultLabel", "confidenceLabel", "truthLabel", "bars")


def _place(window, name):
    widget = getattr(window, name)
    return QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size())


def test_field_result_rate_and_bars_are_in_sight_on_every_page(window, settle):
    window.numberSpin.setValue(247)
    settle()
    for size in ((1280, 800), (960, 720)):
        window.resize(*size)
        for page in range(window.tabs.count()):
            window.tabs.setCurrentIndex(page)
            settle()
            column = window.leftScroll
            assert column.verticalScrollBar().maximum() == column.horizontalScrollBar().maximum() == 0
            for name in IN_SIGHT:
                assert window.rect().contains(_place(window, name)), (name, size)
            assert window.pictureStack.height() >= 150


def test_a_long_verdict_makes_the_field_lower_and_not_the_column_scroll(window, settle):
    window.numberSpin.setValue(247)
    settle()
    window.resize(1024, 768)
    window.verdictLabel.setText("several digits? Draw one at a time " * 2)
    settle()
    assert window.leftScroll.verticalScrollBar().maximum() == 0


def test_every_zoom_at_every_width_comes_to_rest(window, settle, monkeypatch):
    """A top bar of one row made the column higher, whose fitting chose one row again, and so on for ever."""
    limit = sys.getrecursionlimit()
    told = []
    monkeypatch.setattr(sys, "excepthook", lambda *args: told.append(args))
    sys.setrecursionlimit(400)
    try:
        for zoom in ZOOMS:
            window.program.use_zoom(zoom)
            for width in (640, 800, 1024, 1280, 1600):
                window.resize(width, 800)
                settle()
                assert window.width() == width
    finally:
        sys.setrecursionlimit(limit)
    assert told == []


def test_a_window_that_is_too_large_or_elsewhere_comes_whole_onto_its_screen(window, settle):
    settle()
    room = window.screen().availableGeometry()
    window.setGeometry(QRect(room.bottomRight() * 2, room.size() * 2))
    window.keep_on_screen()
    assert room.contains(window.geometry())
