"""The page that compares two networks on one picture, against what these networks answer themselves."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QScrollArea

from fastcnn import load_network, paper_network
from fastcnn.gui.logic.engine import test_pictures as load_pictures
from fastcnn.gui.widgets.lesson.strip import LEAST_BUTTON
from fastcnn.network.committee import Committee
from fastcnn.zoo.bundled import bundled, find_model
from tests.gui.cases import LANGUAGES
from tests.gui.mouse import SEVEN, draw

NUMBER = 582  # an 8 that the paper's network reads as a 2


@pytest.fixture
def page(window, settle):
    """The page, with the paper's network and a picture."""
    program = window.program
    settle()
    program.pages.networks.choose("paper")
    window.numberSpin.setValue(NUMBER)
    settle()
    page = program.pages.comparison.page
    window.tabs.setCurrentWidget(program.pages.compare)
    settle()
    return page


def _shares(model, field):
    """Softmax of one view, by the network's own forward."""
    network = load_network(find_model(bundled(model))[1])
    network = network.members[0] if isinstance(network, Committee) else network
    logits = network.forward(field[np.newaxis, np.newaxis].astype(np.float32))[0].astype(np.float64)
    return np.exp(logits) / np.exp(logits).sum()


def _field():
    return load_pictures()[0][NUMBER, 0] / np.float32(255)


def test_both_networks_read_the_picture_that_is_shown(page, settle):
    first, second = page.bars.shares, page.rival_bars.shares
    np.testing.assert_allclose(first, _shares("paper", _field()), atol=1e-4)
    assert page.compare.models.currentData() == "default"  # not the one in use
    np.testing.assert_allclose(second, _shares("default", _field()), atol=1e-4)
    assert (page.name.text(), page.compare.models.currentText()) == ("Paper's CNN", "Deep CNN")
    page.compare.models.setCurrentIndex(page.compare.models.findData("committee"))
    page.compare.models.activated.emit(page.compare.models.currentIndex())
    settle()
    np.testing.assert_allclose(page.rival_bars.shares, _shares("committee", _field()), atol=1e-4)


def test_another_network_in_use_is_compared_at_once(page, window, settle):
    window.program.pages.networks.choose("committee")
    settle()
    np.testing.assert_allclose(page.bars.shares, _shares("committee", _field()), atol=1e-4)
    assert page.name.text() == "Committee of five" and "committee" in page.note.text()


def test_a_network_is_never_compared_with_itself_unasked(page, window, settle):
    window.program.pages.networks.choose("default")  # the second one until now
    settle()
    assert page.compare.models.currentData() != "default"
    np.testing.assert_allclose(page.bars.shares, _shares("default", _field()), atol=1e-4)
    np.testing.assert_allclose(page.rival_bars.shares, _shares(page.compare.models.currentData(), _field()), atol=1e-4)


def test_a_drawing_is_compared_and_an_empty_field_says_what_to_do(page, window, settle):
    window.modeCombo.setCurrentIndex(1)
    settle()
    assert page.empty.isVisible() and not page.strip.isVisible()
    draw(window.canvas, SEVEN)
    settle()
    assert not page.empty.isVisible() and page.bars.shares.argmax() == page.rival_bars.shares.argmax() == 7


def test_a_click_on_a_layer_opens_it_in_the_lesson(qtbot, page, window, settle):
    qtbot.mouseClick(page.strip.buttons[3], Qt.LeftButton)
    settle()
    lesson = window.program.pages.classroom
    assert lesson.page.isVisible() and lesson.teacher.shown.place.index == 3


def test_the_second_strip_is_only_looked_at(page):
    for strip, opens in ((page.strip, True), (page.compare.strip, False)):
        button = strip.buttons[1]
        assert (strip.widget().childAt(button.geometry().center()) is button) == opens
        assert any(each.focusPolicy() & Qt.TabFocus for each in strip.buttons) == opens


def test_a_second_network_whose_file_is_gone_is_replaced(page, window, settle):
    networks = window.program.pages.networks
    path = window.program.pages.training.target()
    path.parent.mkdir(parents=True, exist_ok=True)
    paper_network(seed=1).save(path)
    window.tabs.setCurrentIndex(0)
    window.tabs.setCurrentWidget(window.program.pages.compare)
    page.compare.models.setCurrentIndex(page.compare.models.findData(str(path)))
    page.compare.start()
    settle()
    path.unlink()
    window.tabs.setCurrentIndex(0)
    window.tabs.setCurrentWidget(window.program.pages.compare)
    settle()
    assert page.compare.models.findData(str(path)) == -1 and networks.in_use() == "paper"
    np.testing.assert_allclose(page.rival_bars.shares, _shares(page.compare.models.currentData(), _field()), atol=1e-4)


def test_nothing_is_read_while_the_page_is_hidden(window, settle):
    window.numberSpin.setValue(7)
    settle()
    assert window.program.pages._comparison is None  # the start does not wait for it
    assert window.program.pages.comparison.teacher.shown is None


@pytest.mark.parametrize("which", ["compare", "lesson"])
def test_tab_goes_to_the_layers_in_the_order_of_reading(page, window, settle, which):
    pages = window.program.pages
    window.tabs.setCurrentWidget(getattr(pages, which))
    settle()
    shown = page if which == "compare" else pages.classroom.page
    opened = next(button for button in shown.strip.buttons if button.isChecked())  # Tab comes to this one only
    first, second = (page.compare.models, opened) if which == "compare" else (opened, shown.sections)
    window.activateWindow()
    QApplication.setActiveWindow(window)
    first.setFocus(Qt.TabFocusReason)
    QTest.keyClick(first, Qt.Key_Tab)
    assert QApplication.focusWidget() is second
    QTest.keyClick(second, Qt.Key_Backtab)
    assert QApplication.focusWidget() is first


def test_both_strips_are_in_sight_without_scrolling(page, window, settle):
    scroll = page.findChild(QScrollArea, "compareScroll")
    for language, size in product(LANGUAGES, [(1280, 720), (1024, 768), (1366, 768)]):
        window.program.use_language(language)
        window.resize(*size)
        settle(3)
        assert scroll.verticalScrollBar().maximum() == 0, (language, size)
        for button in (page.strip.buttons[0], page.compare.strip.buttons[0]):
            assert button.height() >= LEAST_BUTTON.height(), (language, size)
            foot = button.mapTo(scroll, button.rect().bottomLeft())  # that of the picture: both begin with it
            assert scroll.rect().contains(foot), (language, size)
