"""Two languages: nothing is left untranslated, and the files that Qt reads agree with those that people edit."""

from __future__ import annotations

import importlib.util
import re
import string
from functools import cache

import pytest
from PyQt5.QtCore import QCoreApplication, Qt, QTranslator
from PyQt5.QtWidgets import QAbstractButton, QAction, QApplication, QComboBox, QLabel, QTabWidget, QWidget

from fastcnn.gui.logic.lesson.files import shipped
from fastcnn.gui.logic.notices import Message, Notice
from fastcnn.gui.text import language, words
from fastcnn.gui.window import theme
from fastcnn.zoo.networks import BUNDLED

CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Words that are the same in Chinese: names, keys, units, file patterns.
NAMES = "|".join([*BUNDLED, "ReLU", "Softmax", "exp", "MNIST", "English"])
SAME = (
    rf"{NAMES}|Ctrl|Shift|Delete|CSV|PNG|PDF|MB|F\d+|\*\.\w+|\(&?[A-Z]\)|×|[A-Z]\b|Return|fastcnn train --keep-epochs"
)
ENGLISH = ("{a}", "{s}", "{are}", "{were}")
PLACEHOLDER = re.compile(r"\{\w+\}")


@cache
def update():
    """The program that collects the texts, as a module."""
    path = language.TRANSLATIONS / "update.py"
    spec = importlib.util.spec_from_file_location("update", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def texts():
    found = update().collect()
    return [(context, text) for context, members in found.items() for text in members]


@pytest.fixture(scope="module")
def translations():
    return update().read(language.TRANSLATIONS / "fastcnn_zh_CN.ts")


def test_every_text_has_a_chinese_translation(texts, translations):
    assert len(texts) > 150
    assert [each for each in texts if not translations.get(each)] == []
    assert set(translations) == set(texts)  # and no text lingers that is no longer used


def test_translations_keep_the_placeholders(texts, translations):
    for each in texts:
        named, kept = (sorted(PLACEHOLDER.findall(text)) for text in (each[1], translations[each]))
        # Chinese has no "an 8" and no plural: {a_digit} is {digit} there.
        named = sorted(name.replace("{a_", "{") for name in named if name not in ENGLISH)
        assert kept in (named, [name for name in named if name != "{detail}"]), each  # details may be left to the log


def test_chinese_speaks_to_everybody_alike_and_ends_its_sentences(translations):
    words = [*translations.values(), *(path.read_text("utf-8") for path in shipped())]
    assert [each for each in words if "您" in each] == []
    ends = [(text, said) for (_, text), said in translations.items() if text.endswith(".") != said.endswith("。")]
    assert ends == []
    assert [each for each in words if re.search(r"[\u4e00-\u9fff][,;:?!]", each)] == []  # Chinese has its own


def test_kinds_of_files_keep_the_signs_that_qt_reads(translations):
    """Qt's dialog takes a pattern in Chinese parentheses for a name, and shows no file."""
    kinds = [(text, said) for (_, text), said in translations.items() if re.search(r"\((\*|\{patterns?\})", text)]
    assert len(kinds) > 5
    assert [said for _, said in kinds if not re.search(r" \((\*\.\w+|\{patterns?\})\)$", said)] == []


def test_a_notice_has_the_article_of_its_digit():
    for notice in (Notice.FOOLED, Notice.NOT_FOOLED):
        values = {"row": 1, "column": 2, "share": "60.0"}
        for answer, said in ((8, "an 8 (60.0%)."), (7, "a 7 (60.0%).")):
            assert words.notice_words(Message(notice, values | {"answer": answer})).endswith(said)


def test_compiled_file_agrees_with_the_source(qapp, texts, translations):
    translator = QTranslator()
    assert translator.load("fastcnn_zh_CN", str(language.TRANSLATIONS))
    QCoreApplication.installTranslator(translator)  # PyQt's QTranslator.translate takes ASCII only
    try:
        assert [each for each in texts if QCoreApplication.translate(*each) != translations[each]] == []
    finally:
        QCoreApplication.removeTranslator(translator)


def test_every_notice_has_words():
    for notice in Notice:
        values = {name: 1 for _, name, _, _ in string.Formatter().parse(notice.value) if name}
        assert words.notice_words(Message(notice, values))


def _is_pyqtgraphs(part):
    """Whether it belongs to a plot, whose menus nobody can open."""
    while part is not None and "pyqtgraph" not in type(part).__module__:
        part = part.parent()
    return part is not None


def test_plots_have_no_menu(qtbot, window):
    window.tabs.setCurrentWidget(window.program.pages.experiment)
    plot = window.program.pages.experiment.by_group
    qtbot.mouseClick(plot._plot.viewport(), Qt.RightButton, pos=plot._plot.viewport().rect().center())
    qtbot.wait(20)
    assert QApplication.activePopupWidget() is None


def _texts_shown(window):
    """What a reader, or a screen reader, can meet in the window."""
    for widget in [window, *window.findChildren(QWidget)]:
        name = widget.objectName()
        # Parts that Qt or pyqtgraph made; Qt sets their names again when it shows them.
        if name.startswith(("qt_", "Scroll")) or _is_pyqtgraphs(widget):
            continue
        yield widget, widget.toolTip()
        yield widget, widget.accessibleName()
        if isinstance(widget, QAbstractButton | QLabel):
            yield widget, widget.text()
        if isinstance(widget, QComboBox):
            yield from ((widget, widget.itemText(index)) for index in range(widget.count()))
        if isinstance(widget, QTabWidget):
            yield from ((widget, widget.tabText(index)) for index in range(widget.count()))
    for action in window.findChildren(QAction):
        if _is_pyqtgraphs(action):
            continue
        yield action, action.text()
        yield action, action.toolTip()


def _left_untranslated(window):
    found = set()
    for owner, text in _texts_shown(window):
        plain = re.sub(r"<[^>]*>|&nbsp;", "", text)
        rest = re.sub(SAME, "", plain)
        if re.search(r"[A-Za-z]{2,}", rest) or (re.search(r"[A-Za-z]", rest) and not CHINESE.search(plain)):
            found.add((owner.objectName(), text))
    return found


def test_switching_translates_everything_that_is_shown(window, settle):
    window.drawButton.click()
    window.recognizeButton.click()
    settle()
    assert _left_untranslated(window)  # in English, so the check can fail
    window.actions_by_name.languages["zh_CN"].trigger()
    settle()
    assert _left_untranslated(window) == set()
    assert window.windowTitle() == "手写数字识别"
    assert CHINESE.search(window.truthLabel.text())
    window.actions_by_name.languages["en"].trigger()
    settle()
    assert window.drawButton.text() == "Ran&dom picture"
    assert "right" in window.truthLabel.text() or "wrong" in window.truthLabel.text()


def test_language_and_answer_survive_each_other(window, settle):
    window.drawButton.click()
    window.recognizeButton.click()
    settle()
    before = window.resultLabel.text(), window.confidenceLabel.text(), window.bars.shares.copy()
    window.actions_by_name.languages["zh_CN"].trigger()
    settle()
    assert (window.resultLabel.text(), window.confidenceLabel.text()) == before[:2]
    assert (window.bars.shares == before[2]).all()


def test_every_control_has_an_accessible_name_and_a_tool_tip(window):
    kinds = ("QPushButton", "QToolButton", "QComboBox", "QSpinBox", "QSlider", "QCheckBox", "Canvas", "Matrix", "Bars")
    controls = [
        widget
        for widget in window.findChildren(QWidget)
        if type(widget).__name__ in kinds
        and not widget.objectName().startswith("qt_")
        and widget.objectName()
        and widget.objectName() not in ("ScrollLeftButton", "ScrollRightButton")
    ]
    assert len(controls) > 30
    assert [each.objectName() for each in controls if not each.accessibleName()] == []
    assert [each.objectName() for each in controls if not each.toolTip()] == []


def test_every_action_has_a_key_of_its_own(window):
    keys = [key.toString() for action in window.actions_by_name.by_name.values() for key in action.shortcuts()]
    assert all(action.shortcuts() for action in window.actions_by_name.by_name.values())
    assert len(keys) == len(set(keys))


def test_a_font_for_chinese_is_asked_for_first_and_only_in_chinese(window):
    """In the locale C, the system's choice may have the Japanese forms of the characters."""
    window.program.use_language("zh_CN")
    assert window.font().families()[0] == theme.CHINESE[0] == "Noto Sans CJK SC"
    window.program.use_language("en")
    assert window.font().families()[0] not in theme.CHINESE


def test_language_is_kept_for_the_next_start(window, qtbot, settle):
    from fastcnn.gui import create_window

    window.actions_by_name.languages["zh_CN"].trigger()
    window.close()
    second = create_window()
    qtbot.addWidget(second)
    assert second.windowTitle() == "手写数字识别"
    second.close()
