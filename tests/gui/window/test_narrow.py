"""Small windows and large zooms: the left column folds, and no page scrolls to the side."""

from __future__ import annotations

import pytest
from PyQt5.QtGui import QFontMetrics
from PyQt5.QtWidgets import QAbstractButton, QListView, QListWidget, QScrollArea

from fastcnn.gui.logic.notices import Notice, message
from fastcnn.gui.logic.presenter import Mode
from fastcnn.gui.widgets.lesson.strip import StageButton
from tests.gui.cases import by_turns
from tests.gui.mouse import SEVEN, draw

SMALL = [
    (100, (640, 480)), (200, (1280, 800)), (200, (1024, 768)), (200, (560, 420)), (125, (640, 480)), (200, (640, 480)),
]  # fmt: skip
LEGIBLE_PX = 11  # of a layer's bold name, at zoom 1


def _sideways(window):
    """The visible parts that scroll to the side, and how far; a deep network's strip may."""
    areas = [
        area for area in window.findChildren(QScrollArea) if area.isVisible() and area.objectName() != "rivalStrip"
    ]
    found = {area.objectName(): area.horizontalScrollBar().maximum() for area in areas}
    return {name: pixels for name, pixels in found.items() if pixels}


def _open(window, settle, page):
    window.tabs.setCurrentIndex(page)
    settle(turns=3)


@pytest.mark.parametrize(("zoom", "size", "language"), by_turns(SMALL, quick=4))
def test_no_page_scrolls_to_the_side(window, paper_in, settle, zoom, size, language):
    paper_in(zoom, size, language)
    for mode in Mode:
        window.modeCombo.setCurrentIndex(mode)
        if mode is Mode.HAND:
            draw(window.canvas, SEVEN)
        for page in range(window.tabs.count()):
            _open(window, settle, page)
            assert (window.width(), window.height()) == size
            assert _sideways(window) == {}, (window.tabs.tabToolTip(page), mode)


def test_the_answer_stays_in_sight_in_the_smallest_window(window, settle):
    settle()
    window.numberSpin.setValue(247)
    window.resize(640, 480)
    settle(turns=3)
    shown = window.findChild(QScrollArea, "leftScroll").viewport()
    for label in (window.resultLabel, window.confidenceLabel, window.truthLabel):
        words = label.fontMetrics().tightBoundingRect(label.text())
        bottom = label.mapTo(shown, label.rect().center()).y() + words.height() / 2
        assert bottom <= shown.height(), label.objectName()
    rail = window.frame.rail
    assert rail.verticalScrollBar().maximum() == 0 and all(button.isVisible() for button in rail.buttons)


def test_ten_chips_stand_in_two_rows_where_it_is_narrow_and_in_one_elsewhere(window, settle):
    settle()
    window.modeCombo.setCurrentIndex(Mode.HAND)
    for width, rows in ((640, 2), (1280, 1), (640, 2)):
        window.resize(width, 700)
        settle()
        chips = [window.findChild(QAbstractButton, f"chip_{digit}") for digit in range(10)]
        assert len({chip.y() for chip in chips}) == rows
        assert all(chip.width() >= 20 for chip in chips)


def test_several_digits_and_the_highest_rate_are_shown_whole(window, settle):
    settle()
    window.modeCombo.setCurrentIndex(Mode.HAND)
    window.resize(640, 480)
    draw(window.canvas, SEVEN)
    settle()
    window.confidenceLabel.setText("100.00%")
    for label, words in ((window.resultLabel, "7"), (window.confidenceLabel, "100.00%")):
        assert label.width() >= QFontMetrics(label.font()).horizontalAdvance(words)
    window._show_result("421")
    settle(turns=3)
    needed = QFontMetrics(window.resultLabel.font()).horizontalAdvance("421")
    assert window.resultLabel.width() >= needed
    assert window.findChild(QScrollArea, "leftScroll").horizontalScrollBar().maximum() == 0


def test_the_names_of_a_deep_networks_layers_are_legible(window, settle):
    settle()
    window.program.pages.networks.choose("default")
    window.numberSpin.setValue(247)
    window.resize(1024, 768)
    window.tabs.setCurrentIndex(1)
    settle()
    names = [button for button in window.findChildren(StageButton) if button.isVisible()]
    assert any(button.text() == "Normalization" for button in names)
    for button in names:
        font = button.font()
        font.setPixelSize(LEGIBLE_PX)
        font.setBold(True)
        assert QFontMetrics(font).horizontalAdvance(button.text()) <= button.width()


def test_the_titles_of_the_charts_are_whole(window, settle):
    settle()
    page = window.program.pages.experiment
    window.tabs.setCurrentWidget(page)
    for zoom, size in (*SMALL, (100, (1024, 768))):
        window.program.use_zoom(zoom)
        window.resize(*size)
        settle(turns=3)
        for chart in (page.by_group, page.by_digit):
            chart.grab()  # lays out what is in it
            plot = chart._plot.plotItem
            assert plot.titleLabel.item.boundingRect().width() <= plot.vb.width(), (zoom, size)
        same_row = page.by_group.y() == page.by_digit.y()
        assert same_row == (size[0] > 1000 and zoom == 100), (zoom, size)


def test_thumbnails_follow_the_zoom(window, settle):
    settle()
    window.tabs.setCurrentIndex(1)
    settle()
    lists = [window.findChild(QListView, "drawingsList"), window.findChild(QListWidget, "galleryList")]
    small = [each.iconSize().width() for each in lists]
    window.program.use_zoom(200)
    settle()
    assert [each.iconSize().width() for each in lists] == [2 * side for side in small] == [112, 112]


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("zoom", [125, 200])
def test_in_a_small_window_the_page_stands_under_the_left_column_and_is_scrolled_to(window, settle, zoom, told):
    settle()
    if told:
        window.tell(message(Notice.PREPARING))  # it takes room at the lower end, in both modes
    else:
        window.frame.toast.forget()
    window.program.use_zoom(zoom)
    window.resize(640, 480)
    body, page = (window.findChild(QScrollArea, name) for name in ("bodyScroll", "pageScroll"))

    def place():
        settle(turns=3)
        return page.mapTo(body, page.rect().topLeft())

    assert place().y() > window.leftScroll.height() > 300 and window.leftScroll.verticalScrollBar().maximum() == 0
    for rail_button in window.frame.rail.buttons[1:]:
        rail_button.click()
        assert (place().x(), place().y()) == (0, 8) and page.height() >= body.height() - 16
    window.modeCombo.setCurrentIndex(Mode.HAND)  # the chips make the left column higher
    assert place().y() == 8
    window.modeCombo.setCurrentIndex(Mode.MNIST)
    assert place().y() == 8
    for button in (window.drawButton, window.clearButton, window.recognizeButton):
        words = button.text().replace("&", "")
        assert button.fontMetrics().horizontalAdvance(words) < button.width() - 8
    window.frame.rail.buttons[0].click()
    assert place().y() > window.leftScroll.height()
    window.program.use_zoom(100)
    window.resize(1280, 800)
    assert place().x() > window.leftScroll.width() and place().y() == 16
    assert body.verticalScrollBar().maximum() == 0


def test_a_very_tight_window_has_icons_without_words_in_the_rail(window, settle):
    settle()
    rail, page = window.frame.rail, window.findChild(QScrollArea, "pageScroll")
    names = [button.accessibleName() for button in rail.buttons]
    window.resize(1280, 800)
    settle()
    wide = rail.width()
    window.program.use_zoom(200)
    window.resize(640, 480)
    settle(turns=3)
    assert rail.width() < wide and page.width() >= 200  # 100 with the words
    assert window.recognizeButton.icon().isNull() and [each.accessibleName() for each in rail.buttons] == names
    window.program.use_zoom(100)
    window.resize(1280, 800)
    settle()
    assert rail.width() == wide and not window.recognizeButton.icon().isNull()
