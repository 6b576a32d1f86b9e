"""Every widget that takes keys has a name, is reached by Tab, and in the order in which people read."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtGui import QKeySequence
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from tests.gui.mouse import SEVEN, draw

MOST = 200  # more Tabs than there are widgets on any page


def _takes_keys(widget):
    return (
        widget.isVisible() and widget.isEnabled() and bool(widget.focusPolicy() & Qt.TabFocus) and not _is_part(widget)
    )


def _is_part(widget):
    """Whether Qt or pyqtgraph made it inside another widget."""
    if widget.objectName().startswith("qt_") or not widget.objectName():
        return True
    return widget.focusProxy() is not None


def _walk(window):
    """The widgets that Tab reaches from the first one on, by their names."""
    window.activateWindow()
    QApplication.setActiveWindow(window)
    window.modeCombo.setFocus(Qt.TabFocusReason)
    walked = []
    for _ in range(MOST):
        here = QApplication.focusWidget()
        if here is None or (walked and here is walked[0]):
            break
        walked.append(here)
        QTest.keyClick(here, Qt.Key_Tab)
    return walked


@pytest.mark.parametrize("mode", [0, 1])
def test_tab_reaches_every_widget_of_every_page_and_each_has_a_name(window, settle, mode):
    window.resize(1280, 800)
    window.modeCombo.setCurrentIndex(mode)
    if mode:
        draw(window.canvas, SEVEN)
    else:
        window.numberSpin.setValue(247)
    settle()
    for page in range(window.tabs.count()):
        window.tabs.setCurrentIndex(page)
        settle()
        walked = _walk(window)
        expected = [widget for widget in window.findChildren(QWidget) if _takes_keys(widget)]
        assert {each.objectName() for each in expected} <= {each.objectName() for each in walked}
        assert [each.objectName() for each in walked if not each.accessibleName()] == []


def _reading_order(window, walked):
    """Where each region begins: rail, top bar, left column, page; a sentence that comes and goes is none."""
    regions = ("rail", "topBar", "leftScroll", "pageScroll")
    toast = window.findChild(QWidget, "toast")
    return [
        next(name for name in regions if window.findChild(QWidget, name).isAncestorOf(widget))
        for widget in walked
        if not toast.isAncestorOf(widget)
    ]


def test_tab_goes_region_by_region(window, settle):
    window.resize(1280, 800)
    window.modeCombo.setCurrentIndex(1)
    draw(window.canvas, SEVEN)
    for page in range(window.tabs.count()):
        window.tabs.setCurrentIndex(page)
        settle()
        found = _reading_order(window, _walk(window))
        regions = [region for index, region in enumerate(found) if index == 0 or region != found[index - 1]]
        assert regions == [name for name in ("topBar", "leftScroll", "pageScroll", "rail") if name in regions]
        assert ("pageScroll" in regions) == (page > 0)  # the answer has nothing to press


def test_the_top_bar_goes_from_left_to_right_and_the_chips_from_0_to_9(window, settle):
    window.resize(1280, 800)
    window.modeCombo.setCurrentIndex(1)
    draw(window.canvas, SEVEN)
    settle()
    walked = _walk(window)
    bar = window.findChild(QWidget, "topBar")
    places = [each.mapTo(bar, QPoint()).x() for each in walked if bar.isAncestorOf(each)]
    assert places == sorted(places) and len(places) > 5
    chips = [each.objectName() for each in walked if each.objectName().startswith("chip_")]
    assert chips == [f"chip_{digit}" for digit in range(10)]


def _letters(window):
    """The keys of what can be pressed now, each with the names of its owners."""
    keys = {}
    for widget in window.findChildren(QWidget):
        if not (widget.isVisible() and widget.isEnabled()):
            continue
        if isinstance(widget, QAbstractButton):
            key = widget.shortcut()
        elif isinstance(widget, QLabel) and widget.buddy() is not None:
            key = QKeySequence.mnemonic(widget.text())
        else:
            continue
        if not key.isEmpty():
            keys.setdefault(key.toString(), []).append(widget.objectName())
    return keys


@pytest.mark.parametrize(("mode", "language"), [(0, "zh_CN"), (1, "en")])
def test_no_letter_means_two_things_that_are_in_sight(window, settle, mode, language):
    """Qt presses neither of the two."""
    window.resize(1280, 800)
    window.program.use_language(language)
    window.modeCombo.setCurrentIndex(mode)
    if mode:
        draw(window.canvas, SEVEN)
    else:
        window.numberSpin.setValue(247)
    found = {}
    for page in range(window.tabs.count()):
        window.tabs.setCurrentIndex(page)
        settle()
        for button in window.tabs.currentWidget().findChildren(QAbstractButton):
            button.setEnabled(True)  # whatever has been done on the page
        found[page] = {key: names for key, names in _letters(window).items() if len(names) > 1}
    assert {page: keys for page, keys in found.items() if keys} == {}
