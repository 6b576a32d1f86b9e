"""A message hides nothing that must be read or pressed, on any page."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import QPoint, QRect
from PyQt5.QtWidgets import QAbstractScrollArea, QLabel, QScrollArea, QWidget

from fastcnn.gui.logic.notices import Notice, message
from fastcnn.gui.logic.presenter import Mode
from tests.gui.cases import by_turns
from tests.gui.mouse import SEVEN, draw

CASES = [(100, (1280, 800)), (200, (1024, 768)), (100, (640, 480)), (100, (1024, 768)), (200, (640, 480))]
OF_THE_TITLE = ("stationLabel",)  # its row also says which layer of the strip is open
SHORT = message(Notice.CLEARED)
LONG = message(Notice.ONLY_MOVED)


def _hidden(window):
    """What the message covers of the parts that show or take something."""
    toast = window.frame.toast
    body = toast.parentWidget()
    found, parts = [], window.findChildren(QWidget)
    holders = {part.parentWidget() for part in parts if part.isVisible()}  # a visible part is in visible ones only
    for part in parts:
        if not part.isVisible() or part is toast or toast.isAncestorOf(part) or not body.isAncestorOf(part):
            continue
        if part in holders or part.property("role") == "title" or part.objectName() in OF_THE_TITLE:
            continue
        if isinstance(part, QLabel) and not part.text() and part.pixmap() is None:
            continue
        shown, each = QRect(part.mapTo(body, QPoint()), part.size()), part
        while each is not body:
            each = each.parentWidget()
            shown &= QRect(each.mapTo(body, QPoint()), each.size())
        if shown.intersects(toast.geometry()):
            found.append(part.objectName() or type(part).__name__)
    return found


@pytest.mark.parametrize(("zoom", "size", "language"), by_turns(CASES, quick=3))
def test_a_message_hides_nothing_on_any_page(window, paper_in, settle, zoom, size, language):
    paper_in(zoom, size, language)
    toast = window.frame.toast
    for mode, said in ((Mode.MNIST, LONG), (Mode.HAND, SHORT)):
        window.modeCombo.setCurrentIndex(mode)
        if mode is Mode.HAND:
            draw(window.canvas, SEVEN)
        for page in range(window.tabs.count()):
            window.tabs.setCurrentIndex(page)
            toast.forget()
            settle(turns=3)
            window.tell(said, lambda: None)
            settle(turns=3)
            assert toast.isVisible() and toast.label.text()
            assert toast.parentWidget().rect().contains(toast.geometry())
            where = window.tabs.tabToolTip(page), mode
            assert _hidden(window) == [], where
            for area in window.findChildren(QScrollArea):  # the last line can be scrolled to
                if area.isVisible():
                    area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())
            settle(turns=3)
            assert _hidden(window) == [], where


def test_the_page_gets_its_room_back_when_the_message_is_gone(window, settle):
    settle()
    window.frame.toast.forget()  # where kernels were compiled, that was told
    window.resize(640, 480)
    settle(turns=3)
    pages, toast = window.findChild(QScrollArea, "pageScroll"), window.frame.toast
    before = pages.viewport().height()
    window.tell(SHORT, lambda: None)
    assert pages.viewport().height() <= before - toast.height()
    toast.forget()
    assert pages.viewport().height() == before


def test_a_message_in_a_usual_window_moves_nothing(window, settle):
    settle()
    window.frame.toast.forget()  # where kernels were compiled, that was told
    window.resize(1280, 800)
    settle(turns=3)
    shown = [each for each in window.findChildren(QAbstractScrollArea) if each.isVisible()]
    before = [each.viewport().geometry() for each in shown]
    window.tell(SHORT, lambda: None)
    settle()
    assert [each.viewport().geometry() for each in shown] == before
    window.resize(700, 480)  # there the page scrolls under it
    settle(turns=3)
    assert _hidden(window) == []
