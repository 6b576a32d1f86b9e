"""The pictures that Qt keeps of what it paints stay few, however long a window is painted."""

from __future__ import annotations

from PyQt5.QtGui import QPixmap, QPixmapCache

PAINTS = 1500  # two arrows each


def test_old_pictures_of_arrows_are_dropped(window, settle):
    settle()
    window.tabs.setCurrentWidget(window.program.pages.lesson)
    window.numberSpin.setValue(247)
    settle()
    sections = window.program.pages.classroom.page.sections
    sections.resize(200, 34)  # too narrow for its tabs, so it has arrows
    assert QPixmapCache.insert("the oldest", QPixmap(1, 1))
    for _ in range(PAINTS):
        sections.repaint()
    assert QPixmapCache.find("the oldest") is None
