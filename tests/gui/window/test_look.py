"""The look: sizes of type, a grid, zoom, full screen, help, hints, and messages that can be taken back."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QAbstractButton, QDialog, QLabel, QTextBrowser, QToolButton

from fastcnn import Recognizer
from fastcnn.gui.logic.engine import test_pictures as load_pictures
from fastcnn.gui.logic.networks import MEASURED
from fastcnn.gui.logic.notices import Notice, message
from fastcnn.gui.logic.results import read_all
from fastcnn.gui.logic.settings import ZOOMS
from fastcnn.gui.text.words import model_words
from fastcnn.gui.widgets.toast import LEAST_S
from fastcnn.gui.window import window as window_module
from fastcnn.gui.window.actions import MENUS
from fastcnn.gui.window.frame import ICONS
from fastcnn.zoo.networks import BUNDLED
from tests.gui.mouse import SEVEN, draw

FORM = window_module.Path(window_module.__file__).with_name("window.ui")


def _px(window, name):
    return window.findChild(QLabel, name).fontInfo().pixelSize()


def _label(window, name):
    return window.findChild(QLabel, name)


def test_type_has_the_sizes_15_17_and_22(window):
    assert window.fontInfo().pixelSize() == 15
    assert (_px(window, "answerTitle"), _px(window, "seenCaption"), _px(window, "networkInfoLabel")) == (22, 17, 15)


# Layouts with distances of half a step. At 1024×768 a whole step more would take the place of the field or the bars.
CLOSE = {  # small buttons that belong together
    "handToolsLayout", "strokeTools", "penTools", "chipLayout", "chips",
}  # fmt: skip
ENDS = {  # 12 above or below what is on a card, because letters have room of their own there
    "topRows", "fieldLayout", "resultLayout", "sharesLayout", "seenLayout", "networkLayout",
}  # fmt: skip


def test_distances_lie_on_the_grid_of_8_but_for_those_named_here():
    found = {}
    for layout in ElementTree.parse(FORM).iter("layout"):
        sizes = {each.get("name"): int(each[0].text) for each in layout.findall("property") if each[0].tag == "number"}
        found[layout.get("name")] = {each for each in sizes.items() if each[0].endswith(("Margin", "spacing"))}
    assert sum(map(len, found.values())) > 50
    halves = {name: {size for size in sizes if size[1] % 8} for name, sizes in found.items()}
    assert {name for name, sizes in halves.items() if ("spacing", 4) in sizes} == CLOSE
    assert {name for name, sizes in halves.items() if any(size == 12 for _, size in sizes)} == ENDS
    assert {size for sizes in halves.values() for _, size in sizes} == {4, 12}


def test_distances_in_the_code_lie_on_half_of_the_grid():
    written = re.compile(r"set(?:ContentsMargins|(?:Horizontal|Vertical)?Spacing)\(([^()]*)\)")
    code = "".join(path.read_text(encoding="utf-8") for path in FORM.parent.parent.rglob("*.py"))
    numbers = [int(each) for words in written.findall(code) for each in words.split(", ") if each.isdigit()]
    assert len(numbers) > 40 and {number for number in numbers if number % 4} == set()


def test_keys_zoom_from_1_to_2_and_no_further(qtbot, window, settle):
    settle()
    for _ in range(10):
        window.actions_by_name["zoom_in"].trigger()
    assert window.program.settings.zoom == ZOOMS[-1] == 200
    assert (window.fontInfo().pixelSize(), _px(window, "answerTitle")) == (30, 44)
    for _ in range(10):
        window.actions_by_name["zoom_out"].trigger()
    assert (window.program.settings.zoom, window.fontInfo().pixelSize()) == (100, 15)
    window.actions_by_name["zoom_in"].trigger()
    window.actions_by_name["zoom_reset"].trigger()
    assert window.program.settings.zoom == 100
    keys = {key.toString() for name in ("zoom_in", "zoom_out") for key in window.actions_by_name[name].shortcuts()}
    assert keys >= {"Ctrl++", "Ctrl+-"}


def test_the_zoom_is_kept_for_the_next_start(window, qtbot, settle):
    from fastcnn.gui import create_window

    window.actions_by_name["zoom_in"].trigger()
    window.close()
    second = create_window()
    qtbot.addWidget(second)
    assert second.program.settings.zoom == 125 and second.fontInfo().pixelSize() == 19
    second.close()


def test_f11_fills_the_screen_and_escape_leaves_it(qtbot, window, settle):
    settle()
    action = window.actions_by_name["full_screen"]
    assert action.shortcut().toString() == "F11"
    action.trigger()
    assert window.isFullScreen()
    qtbot.keyClick(window, Qt.Key_Escape)
    assert not window.isFullScreen()


def test_f1_lists_everything_that_can_be_done(qtbot, window, settle):
    settle()
    assert window.actions_by_name["help"].shortcut().toString() == "F1"
    window.actions_by_name["help"].trigger()
    shown = window.findChild(QDialog, "help")
    assert shown is not None and shown.isVisible()
    words = shown.findChild(QTextBrowser, "helpText").toPlainText()
    for name, (_, entries) in MENUS.items():
        if name != "correct":
            assert all(entry[3] in words for entry in entries if entry)
    shown.reject()


def test_every_button_of_the_frame_has_an_icon(window):
    for name in ICONS:
        assert not window.findChild(QAbstractButton, name).icon().isNull(), name


def test_an_empty_field_says_what_to_do_and_a_full_one_does_not(window, settle):
    hint = _label(window, "hintLabel")

    def is_black():
        image = window.pictureStack.grab().toImage()
        rows, columns = range(0, image.height(), 2), range(0, image.width(), 2)
        return all(image.pixelColor(x, y).lightness() < 60 for y in rows for x in columns)

    assert hint.isVisible() and not is_black() and "Random picture" in hint.text()
    window.drawButton.click()
    settle()
    assert not hint.isVisible()
    window.modeCombo.setCurrentIndex(1)
    assert hint.isVisible() and not is_black() and "Draw a digit" in hint.text()
    draw(window.canvas, SEVEN)
    assert not hint.isVisible()
    window.clearButton.click()
    settle()
    assert hint.isVisible()


def test_clear_can_be_taken_back_by_its_message(window, settle):
    window.modeCombo.setCurrentIndex(1)
    draw(window.canvas, SEVEN)
    settle()
    drawn = window.canvas.array()
    window.clearButton.click()
    settle()
    toast = window.frame.toast
    assert toast.isVisible() and toast.undo_button.isVisible() and not window.canvas.array().any()
    toast.undo_button.click()
    settle()
    assert (window.canvas.array() == drawn).all() and window.resultLabel.text() == "7"
    assert not toast.isVisible()


def test_a_cleared_test_picture_comes_back(window, settle):
    window.numberSpin.setValue(17)
    settle()
    before = window.imageLabel.pixels
    window.clearButton.click()
    window.frame.toast.undo_button.click()
    settle()
    assert (window.imageLabel.pixels == before).all()


def test_undo_of_a_message_goes_when_something_else_was_drawn(window, settle):
    window.modeCombo.setCurrentIndex(1)
    draw(window.canvas, SEVEN)
    window.clearButton.click()
    draw(window.canvas, SEVEN)
    assert not window.frame.toast.isVisible()


def test_a_message_has_time_to_be_read_goes_and_is_held_by_the_focus(window, settle):
    settle()
    toast = window.frame.toast
    window.tell(message(Notice.NOTHING_DRAWN))
    short = toast._timer.interval()
    window.tell(message(Notice.FAILED, reason="x" * 200))
    assert 1000 * LEAST_S <= short < toast._timer.interval()
    window.activateWindow()
    toast.close_button.setFocus()
    toast._expire()
    assert toast.isVisible()
    window.recognizeButton.setFocus()
    toast._expire()
    assert not toast.isVisible()


def test_a_message_lies_inside_the_window_and_hides_no_field(window, settle):
    settle()
    window.resize(640, 480)
    window.tell(message(Notice.FAILED, reason="a long reason " * 12))
    toast = window.frame.toast
    assert toast.parentWidget().rect().contains(toast.geometry())


@pytest.mark.parametrize(("name", "english"), [("paper", "Paper's CNN"), ("committee", "Committee of five")])
def test_networks_have_names_in_both_languages_with_their_accuracy(window, settle, name, english):
    settle()
    shown = window.networkCombo.itemText(window.networkCombo.findData(name))
    assert shown == model_words(name, MEASURED[name])
    assert re.fullmatch(rf"{english} · 99\.\d\d %", shown)
    window.program.use_language("zh_CN")
    settle()
    words = window.networkCombo.itemText(window.networkCombo.findData(name))
    assert re.search("[\u4e00-\u9fff]", words)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["paper", "default", "committee"])
def test_the_accuracies_in_the_list_are_those_that_are_measured(name):
    assert set(MEASURED) == set(BUNDLED)
    network = Recognizer(name).network
    assert read_all(network, load_pictures()).evaluation.accuracy == pytest.approx(MEASURED[name], abs=1e-9)


def test_an_accuracy_below_1_is_never_shown_as_100_per_cent():
    assert model_words("mine.safetensors", 0.99999) == "mine · 99.99 %"


def test_chips_are_named_for_those_who_do_not_see_them(window):
    for digit in range(10):
        chip = window.findChild(QToolButton, f"chip_{digit}")
        assert chip.accessibleName() == f"It is {digit}"
