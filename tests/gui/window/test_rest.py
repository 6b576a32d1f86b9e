"""A window in which nothing happens does nothing: no page lays itself out again and again."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import QCoreApplication, QEvent, QObject
from PyQt5.QtWidgets import QApplication, QWidget

MOST_TURNS = 100  # of the event loop; 10 are enough


class Laid(QObject):
    """Counts what is laid out, and what is painted."""

    def __init__(self):
        super().__init__()
        self.laid, self.painted = [], []

    def eventFilter(self, watched, event):  # noqa: N802
        if event.type() == QEvent.Type.LayoutRequest:
            self.laid.append(watched)
        elif event.type() == QEvent.Type.Paint and isinstance(watched, QWidget):
            self.painted.append(watched)
        return False


@pytest.fixture
def laid():
    """What the application lays out and paints."""
    found = Laid()
    QApplication.instance().installEventFilter(found)
    yield found
    QApplication.instance().removeEventFilter(found)


def _turns_until_rest(laid):
    """The turns of the event loop until one lays nothing out; None if each does."""
    for turn in range(MOST_TURNS):
        laid.laid.clear()
        QCoreApplication.processEvents()
        if not laid.laid:
            return turn
    return None


@pytest.mark.parametrize("size", [(1280, 800), pytest.param((1024, 768), marks=pytest.mark.slow), (640, 480)])
def test_every_page_comes_to_rest(window, settle, laid, size):
    """A row asked for a new layout in each layout, so that five pages took a whole processor for nothing."""
    window.resize(*size)
    window.numberSpin.setValue(247)
    settle()
    for page in range(window.tabs.count()):
        window.tabs.setCurrentIndex(page)
        settle()
        assert _turns_until_rest(laid) is not None, window.tabs.tabToolTip(page)
