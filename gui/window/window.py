"""The window. It shows things in the language in use. app.py connects the actions of the user."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from PyQt5 import uic
from PyQt5.QtCore import QEvent, Qt, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeyEvent
from PyQt5.QtWidgets import QAction, QLabel, QWidget

from fastcnn.gui.logic.drawing import PEN_WIDTHS
from fastcnn.gui.logic.engine import Pictures
from fastcnn.gui.logic.networks import MEASURED, Facts, Tried
from fastcnn.gui.logic.notices import Message, Notice, message
from fastcnn.gui.logic.presenter import Mode
from fastcnn.gui.text.language import tr
from fastcnn.gui.text.words import (
    counting_words,
    facts_words,
    model_words,
    notice_words,
    percent,
    tried_words,
    verdict_words,
)
from fastcnn.gui.widgets.colors import name_of
from fastcnn.gui.widgets.page import Page
from fastcnn.gui.widgets.pixels import field_pixels
from fastcnn.gui.widgets.preparing import Preparing
from fastcnn.gui.window.actions import Actions
from fastcnn.gui.window.frame import Frame, Framed
from fastcnn.gui.window.help import Help
from fastcnn.recognition.answer import Recognition

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QComboBox, QPushButton, QSlider, QSpinBox, QStackedWidget, QToolButton

    from fastcnn.gui.widgets.bars import Bars
    from fastcnn.gui.widgets.pixels import PixelLabel
    from fastcnn.recognition.digit_string import DigitString

# The layout was made with Qt Designer. The class that uic makes of it can also set its texts in another language.
_Form = cast(Any, uic).loadUiType(str(Path(__file__).with_name("window.ui")))[0]
NO_DIGIT = "–"
LEAST_WIDTH, LEAST_HEIGHT = 560, 420
OF_BOTH_MODES = (Notice.PREPARING, Notice.PREPARING_EACH_TIME)
MOST_LARGE = 3  # letters that the large result has room for
Title = Callable[[], tuple[str, str]]  # a page's full name and its short one, in the language in use


class Keeper(Protocol):
    """The functions of the program that the window needs."""

    def end(self) -> None:
        """Close the window without a question."""


class MainWindow(Framed):
    """The window; a `logic.presenter.View`."""

    answer_changed = pyqtSignal()
    dropped = pyqtSignal(object)  # QMimeData, valid until the slot returns

    program: Keeper  # it keeps all objects of the window alive; set by app.py

    seenLabel: PixelLabel
    answerBars: Bars
    networkCombo: QComboBox
    networkInfoLabel: QLabel
    drawButton: QPushButton
    clearButton: QPushButton
    recognizeButton: QPushButton
    mistakeButton: QPushButton
    numberSpin: QSpinBox
    undoButton: QToolButton
    redoButton: QToolButton
    eraserButton: QToolButton
    widthSlider: QSlider
    toolStack: QStackedWidget
    resultCard: QWidget
    resultLabel: QLabel
    confidenceLabel: QLabel
    truthLabel: QLabel
    verdictLabel: QLabel

    def __init__(self) -> None:
        super().__init__()
        self._form = _Form()
        self._form.setupUi(self)
        self.setAcceptDrops(True)  # in both modes, on every part of the window
        for name, widget in vars(self._form).items():  # the widgets, by their object names
            if isinstance(widget, QWidget):
                setattr(self, name, widget)
            if isinstance(widget, QLabel):
                widget.setTextFormat(Qt.TextFormat.PlainText)
        self.actions_by_name = Actions(self)
        self.may_close: Callable[[], bool] = lambda: True
        self._told: Message | None = None
        self._undo: Callable[[], None] | None = None
        self._shown: tuple[Recognition, int | None] | None = None
        self._several = ""  # the digits of the drawing, if they were read as several
        self._titles: list[tuple[QAction, Title]] = []
        self._facts: Facts | None = None
        self._tried: Tried | None = None
        self.preparing = Preparing(self.resultCard)
        self.widthSlider.setRange(*PEN_WIDTHS)
        self.frame = Frame(self)
        self.canvas.changed.connect(self._forget_cleared)
        self.actions_by_name["full_screen"].toggled.connect(self._fill_screen)
        self.actions_by_name["help"].triggered.connect(lambda _=False: Help(self).open())
        self.setMinimumSize(LEAST_WIDTH, LEAST_HEIGHT)
        self._list_page(self.tabs.widget(0), lambda: (tr("Answer"), tr("Answer")), "answer")
        self.show_mode(Mode.MNIST)
        self.frame.retranslate()
        self.modeCombo.setFocus()

    def add_page(self, page: QWidget, title: Title, icon: str = "page") -> None:
        """Add a page to the rail and to the menu, with the name of an icon of `widgets.icons`."""
        if isinstance(page, Page):
            page.add_title()
        self.tabs.addTab(page, "")
        self._list_page(page, title, icon)

    @property
    def is_answered(self) -> bool:
        """Whether an answer is shown."""
        return self._shown is not None

    def show_mode(self, mode: Mode) -> None:
        """Show the picture and the tools of a mode."""
        self.modeCombo.setCurrentIndex(mode)
        self.pictureStack.setCurrentIndex(mode)
        self.toolStack.setCurrentIndex(mode)
        if self._told is None or self._told.notice not in OF_BOTH_MODES:  # it was about the other mode's picture
            self._told = None
            self.frame.toast.forget()
        self.drawButton.setEnabled(mode is Mode.MNIST)
        actions = self.actions_by_name
        for name in ("undo", "redo", "eraser", "thinner", "thicker", *(f"correct_{digit}" for digit in range(10))):
            actions[name].setEnabled(mode is Mode.HAND)
        self.show_history()
        self.frame.show_hint()
        self.frame.show_chips()

    def show_picture(self, field: Pictures | None, number: int | None) -> None:
        """Show a test picture, or none."""
        self.imageLabel.show_pixels(field)
        self.frame.show_hint()
        if number is not None:
            blocked = self.numberSpin.blockSignals(True)  # the user did not ask for this picture
            self.numberSpin.setValue(number)
            self.numberSpin.blockSignals(blocked)

    def show_answer(self, answer: Recognition, truth: int | None) -> None:
        """Show an answer, with the true digit where it is known."""
        self._shown, self._several = (answer, truth), ""
        self._show_result(NO_DIGIT if answer.digit is None else str(answer.digit))
        self.confidenceLabel.setText("" if answer.digit is None else percent(answer.confidence))
        refused = 1 - answer.digit_score if answer.digit is None else None
        for bars in (self.bars, self.answerBars):
            bars.show_shares(answer.probabilities, truth, refused=refused)
        self.seenLabel.show_pixels(field_pixels(answer.input))
        self._word_answer()
        self.frame.show_chips()
        self.answer_changed.emit()

    def show_several(self, string: DigitString) -> None:
        """Show the digits of a drawing that seems to be several. It belongs to the answer that is shown."""
        self._several = string.text
        self._show_result(string.text if len(string) <= MOST_LARGE else f"{string.text[: MOST_LARGE - 1]}…")
        self.confidenceLabel.setText(percent(string.confidence))
        self._word_answer()

    def _show_result(self, text: str) -> None:
        """Show digits in large type, and give the left column the width that they need."""
        wider = max(1, len(text)) != max(1, len(self.resultLabel.text()))
        self.resultLabel.setText(text)
        if wider:
            self.frame.fit()

    def pen_is_down(self) -> bool:
        """Whether a stroke is being drawn."""
        return self.canvas.is_drawing

    def show_no_answer(self) -> None:
        """Remove the answer."""
        self._shown, self._several = None, ""
        for label in (self.resultLabel, self.confidenceLabel, self.truthLabel, self.verdictLabel):
            label.clear()
        self.bars.show_shares(None)
        self.answerBars.show_shares(None)
        self.seenLabel.show_pixels(None)
        self.frame.show_chips()
        self.answer_changed.emit()

    def show_networks(self, models: list[str], current: str) -> None:
        """List the networks to choose, and an entry that opens another one."""
        self.networkCombo.clear()
        for model in models:
            self.networkCombo.addItem("", model)
        self.networkCombo.addItem("", "")
        self.networkCombo.setCurrentIndex(self.networkCombo.findData(current))
        self._name_networks()

    def show_facts(self, facts: Facts | None) -> None:
        """Show the facts about the network in use."""
        self._facts = facts
        self.networkInfoLabel.setText(facts_words(facts) if self._tried is None else tried_words(self._tried))
        self._name_networks()

    def show_tried(self, tried: Tried | None) -> None:
        """Show the facts about the network in training while it answers, then again those of the network in use."""
        if tried != self._tried:  # it is told twice a second, and names lay the top bar out
            self._tried = tried
            self.show_facts(self._facts)

    def drawing(self) -> Pictures | None:
        """A copy of the drawing, or None if there is none."""
        return None if self.canvas.is_blank else self.canvas.array()

    def clear_drawing(self) -> None:
        """Clear the canvas."""
        self.canvas.wipe()

    def show_history(self) -> None:
        """Enable undo and redo if there is something to undo or redo."""
        in_use = self.modeCombo.currentIndex() == Mode.HAND
        drawing, actions = self.canvas.drawing, self.actions_by_name
        for name, button, possible in (
            ("undo", self.undoButton, drawing.can_undo),
            ("redo", self.redoButton, drawing.can_redo),
        ):
            button.setEnabled(in_use and possible)
            actions[name].setEnabled(in_use and possible)

    def tell(self, told: Message, undo: Callable[[], None] | None = None) -> None:
        """Show a sentence for some seconds, or until the next one comes; with a button that calls `undo`."""
        if told.notice is Notice.PICTURE_SHOWN or (told.notice is Notice.ASK_FOR_DIGIT and self._asks_in_page):
            # The number of a picture stands under it, and the digit to draw in large type in the page.
            self._told = None
            self.frame.toast.forget()
            return
        self._told, self._undo = told, undo
        self.frame.toast.show_words(notice_words(told), undo)

    @property
    def _asks_in_page(self) -> bool:
        asked = self.findChild(QLabel, "askedPlace")
        return asked is not None and asked.isVisible()

    def _forget_cleared(self) -> None:
        """Something was drawn since the field was cleared, so the message cannot take that back any more."""
        if self._told is not None and self._told.notice is Notice.CLEARED:
            self._told = None
            self.frame.toast.forget()

    def keep_on_screen(self) -> None:
        """Make the window no larger than its screen, and move it there."""
        screen = self.screen()
        if screen is not None and not self.isFullScreen():
            room = screen.availableGeometry()
            self.resize(self.size().boundedTo(room.size()))
            at = self.geometry()
            at.moveRight(min(at.right(), room.right()))
            at.moveBottom(min(at.bottom(), room.bottom()))
            at.moveLeft(max(at.left(), room.left()))
            at.moveTop(max(at.top(), room.top()))
            self.setGeometry(at)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.actions_by_name["full_screen"].setChecked(False)
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        elif event is not None and event.type() == QEvent.Type.PaletteChange:
            self._color_truth()

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        if event is not None and not _copy(event):
            self.tell(message(Notice.ONLY_MOVED))

    def dragMoveEvent(self, event: QDragMoveEvent | None) -> None:
        if event is not None:
            _copy(event)

    def dropEvent(self, event: QDropEvent | None) -> None:
        if event is not None and _copy(event):
            self.dropped.emit(event.mimeData())

    def closeEvent(self, event: QCloseEvent | None) -> None:
        if event is not None and not self.may_close():
            event.ignore()
        else:
            super().closeEvent(event)

    def _retranslate(self) -> None:
        self._form.retranslateUi(self)
        self.actions_by_name.retranslate()
        self._name_pages()
        self.show_facts(self._facts)
        if self._told is not None and self.frame.toast.isVisible():
            self.tell(self._told, self._undo)
        self._word_answer()
        self.frame.retranslate()

    def _name_networks(self) -> None:
        """Name the networks in the language in use, with the accuracy of those that are known."""
        combo = self.networkCombo
        known = self._facts.accuracy if self._facts is not None else None
        for index in range(combo.count()):
            model = combo.itemData(index)
            accuracy = known if index == combo.currentIndex() else MEASURED.get(model)
            combo.setItemText(index, model_words(model, accuracy) if model else tr("Open a file …"))
        self.frame.fit()

    def _fill_screen(self, fills: bool) -> None:
        if fills:
            self.showFullScreen()
        else:
            self.showNormal()

    def _name_pages(self) -> None:
        names = [title() for _, title in self._titles]
        for (action, _), (whole, _) in zip(self._titles, names, strict=True):
            action.setText(whole)
        for index, (whole, _) in enumerate(names):
            page = self.tabs.widget(index)
            heading = None if page is None else page.findChild(QLabel, "pageTitle")
            if heading is not None:
                heading.setText(whole)
        self.tabs.show_names(names)
        self.frame.rail.show_names(names)

    def _list_page(self, page: QWidget | None, title: Title, icon: str) -> None:
        assert page is not None
        action = QAction(self)
        number = len(self._titles) + 1
        action.setObjectName(f"page_{number}Action")
        action.setShortcut(f"Ctrl+{number}")
        action.triggered.connect(lambda _=False: self.tabs.setCurrentWidget(page))
        self.actions_by_name.view_menu.addAction(action)
        self.addAction(action)
        self.frame.add_page(icon)
        self._titles.append((action, title))
        self._name_pages()

    def _word_answer(self) -> None:
        if self._shown is None:
            for label in (self.resultLabel, self.confidenceLabel, self.truthLabel, self.verdictLabel):
                label.clear()  # uic has set Designer's texts
            return
        answer, truth = self._shown
        unfinished = truth is None and self.canvas.is_drawing
        self.verdictLabel.setText(verdict_words(answer, unfinished=unfinished, several=self._several))
        if truth is None:
            self.truthLabel.clear()
            return
        right = answer.digit == truth
        words = tr("✓ right: it is {a_truth}") if right else tr("✗ wrong: it is {a_truth}")
        self.truthLabel.setText(words.format(truth=truth, **counting_words({"truth": truth})))
        self._color_truth()

    def _color_truth(self) -> None:
        if self._shown is not None:
            right = self._shown[0].digit == self._shown[1]
            self.truthLabel.setStyleSheet(f"color: {name_of('right' if right else 'wrong')}")


def _copy(event: QDropEvent) -> bool:
    """Accept any drop that can be a copy, so that a message can say if it is no picture.

    It is never moved, because its owner would delete it.
    """
    if event.possibleActions() & Qt.DropAction.CopyAction:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        return True
    event.ignore()
    return False
