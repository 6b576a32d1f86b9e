"""A window of 3840×2160: nothing is cut off or scrolls, and what is shown grows, but not without a limit."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QAbstractButton, QLabel, QScrollArea, QToolButton

from tests.gui.mouse import SEVEN, draw

LARGE, USUAL = (3840, 2160), (1280, 800)


def _cut_off(window):
    """The words that have less room than they need."""
    found = []
    for label in window.findChildren(QLabel):
        if label.isVisible() and label.text() and label.pixmap() is None:
            needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
            is_wide = label.wordWrap() or label.width() >= label.minimumSizeHint().width()
            if not is_wide or label.height() < needed:
                found.append(label.objectName() or label.text())
    for button in window.findChildren(QAbstractButton):
        shows_words = not isinstance(button, QToolButton) or button.toolButtonStyle() != Qt.ToolButtonIconOnly
        if button.isVisible() and button.text() and shows_words:
            words = max(
                button.fontMetrics().horizontalAdvance(line.replace("&", "")) for line in button.text().split("\n")
            )
            if button.width() < words:
                found.append(button.objectName() or button.text())
    return [name for name in found if not name.startswith("rivalStrip")]  # of a deep network


def _scrolled(window):
    bars = [
        (area.objectName(), bar.maximum())
        for area in window.findChildren(QScrollArea) if area.isVisible()
        for bar in (area.horizontalScrollBar(), area.verticalScrollBar())
    ]  # fmt: skip
    return [each for each in bars if each[1] and each[0] != "rivalStrip"]  # of a deep network


@pytest.mark.parametrize(
    ("zoom", "language"),
    [
        *((100, "zh_CN"), (200, "en")),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((100, "en"), (200, "zh_CN"))),
    ],
)
def test_every_page_fits_a_window_of_3840_by_2160(window, settle, zoom, language):
    settle()
    window.program.pages.networks.choose("paper")  # the strip of a deep network may scroll
    window.program.use_language(language)
    window.program.use_zoom(zoom)
    sides = {}
    for size in (USUAL, LARGE):
        window.resize(*size)
        settle(turns=3)
        sides[size] = window.pictureStack.height()
    assert 1.5 * sides[USUAL] < sides[LARGE] < 1200, "the field grows, and leaves the page its room"
    for mode in (0, 1):
        window.modeCombo.setCurrentIndex(mode)
        if mode:
            draw(window.canvas, SEVEN)
        else:
            window.numberSpin.setValue(247)
        for page in range(window.tabs.count()):
            window.tabs.setCurrentIndex(page)
            settle(turns=3)
            assert (window.width(), window.height()) == LARGE
            assert _scrolled(window) == [], window.tabs.tabToolTip(page)
            assert _cut_off(window) == [], window.tabs.tabToolTip(page)
            assert window.tabs.currentWidget().width() > 0.6 * LARGE[0]
    assert window.font().pixelSize() == 15 * zoom // 100, "letters follow the zoom, not the window"
