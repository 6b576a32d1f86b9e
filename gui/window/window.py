"""The window. It shows things in the language in use. app.py connects the actions of the user."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from PyQt5 import uic
from PyQt5.QtCore import QEvent, Qt, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QDragEnterEvent, QDragMoveEvent, QDropEvent, QFont, QPalette
from PyQt5.QtWidgets import QAction, QLabel, QMainWindow, QWidget

from fastcnn.gui.logic.drawing import PEN_WIDTHS
from fastcnn.gui.logic.engine import Pictures
from fastcnn.gui.logic.networks import Facts, Tried
from fastcnn.gui.logic.notices import Message, Notice, message
from fastcnn.gui.logic.presenter import Mode
from fastcnn.gui.logic.shelf import short_name
from fastcnn.gui.text.language import tr
from fastcnn.gui.text.words import counting_words, facts_words, notice_words, percent, tried_words, verdict_words
from fastcnn.gui.widgets.bars import RIGHT, WRONG
from fastcnn.gui.widgets.canvas import Canvas
from fastcnn.gui.widgets.pixels import field_pixels
from fastcnn.gui.widgets.preparing import PreparingBar
from fastcnn.gui.window.actions import Actions
from fastcnn.recognition.answer import Recognition

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QComboBox, QPushButton, QSlider, QSpinBox, QStackedWidget, QToolButton

    from fastcnn.gui.widgets.bars import Bars
    from fastcnn.gui.widgets.pixels import PixelLabel
    from fastcnn.gui.widgets.tabs import Tabs
    from fastcnn.recognition.digit_string import DigitString

# The layout was made with Qt Designer. The class that uic makes of it can also set its texts in another language.
_Form = cast(Any, uic).loadUiType(str(Path(__file__).with_name("window.ui")))[0]
NO_DIGIT = "–"
MOST_LARGE = 3  # letters that the large result has room for
RESULT_POINTS, CONFIDENCE_POINTS = 60, 24
Title = Callable[[], tuple[str, str]]  # a page's full name and its short one, in the language in use


class Keeper(Protocol):
    """The functions of the program that the window needs."""

    def end(self) -> None:
        """Close the window without a question."""


class MainWindow(QMainWindow):
    """The window; a `logic.presenter.View`."""

    answer_changed = pyqtSignal()
    dropped = pyqtSignal(object)  # QMimeData, valid until the slot returns

    program: Keeper  # it keeps all objects of the window alive; set by app.py

    canvas: Canvas
    imageLabel: PixelLabel
    seenLabel: PixelLabel
    bars: Bars
    modeCombo: QComboBox
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
    pictureStack: QStackedWidget
    toolStack: QStackedWidget
    tabs: Tabs
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
        self.actions_by_name = Actions(self)
        self.may_close: Callable[[], bool] = lambda: True
        self._told: Message | None = None
        self._shown: tuple[Recognition, int | None] | None = None
        self._several = ""  # the digits of the drawing, if they were read as several
        self._titles: list[tuple[QAction, Title]] = []
        self._facts: Facts | None = None
        self._tried: Tried | None = None
        _enlarge(self.resultLabel, RESULT_POINTS, bold=True)
        _enlarge(self.confidenceLabel, CONFIDENCE_POINTS, bold=False)
        _enlarge(self.truthLabel, 12, bold=True)
        self.widthSlider.setRange(*PEN_WIDTHS)
        self._message = QLabel()
        self._message.setObjectName("messageLabel")
        self._message.setWordWrap(True)
        self._message.setTextFormat(Qt.TextFormat.PlainText)  # a file's name may look like HTML
        bar = self.statusBar()
        assert bar is not None
        bar.addWidget(self._message, 1)
        self.preparing = PreparingBar(self.pictureStack)
        self._list_page(self.tabs.widget(0), lambda: (tr("Answer"), tr("Answer")))
        self.show_mode(Mode.MNIST)

    def add_page(self, page: QWidget, title: Title) -> None:
        """Add a page to the tabs and to the menu."""
        self.tabs.addTab(page, "")
        self._list_page(page, title)

    def show_mode(self, mode: Mode) -> None:
        """Show the picture and the tools of a mode."""
        self.modeCombo.setCurrentIndex(mode)
        self.pictureStack.setCurrentIndex(mode)
        self.toolStack.setCurrentIndex(mode)
        self._told = None  # the old message was about the other mode's picture
        self._message.clear()
        self._message.setAccessibleName("")
        self.drawButton.setEnabled(mode is Mode.MNIST)
        actions = self.actions_by_name
        for name in ("undo", "redo", "eraser", "thinner", "thicker", *(f"correct_{digit}" for digit in range(10))):
            actions[name].setEnabled(mode is Mode.HAND)
        self.show_history()

    def show_picture(self, field: Pictures | None, number: int | None) -> None:
        """Show a test picture, or none."""
        self.imageLabel.show_pixels(field)
        if number is not None:
            blocked = self.numberSpin.blockSignals(True)  # the user did not ask for this picture
            self.numberSpin.setValue(number)
            self.numberSpin.blockSignals(blocked)

    def show_answer(self, answer: Recognition, truth: int | None) -> None:
        """Show an answer, with the true digit where it is known."""
        self._shown, self._several = (answer, truth), ""
        self.resultLabel.setText(NO_DIGIT if answer.digit is None else str(answer.digit))
        self.confidenceLabel.setText("" if answer.digit is None else percent(answer.confidence))
        self.bars.show_shares(answer.probabilities, truth)
        self.seenLabel.show_pixels(field_pixels(answer.input))
        self._word_answer()
        self.answer_changed.emit()

    def show_several(self, string: DigitString) -> None:
        """Show the digits of a drawing that seems to be several. It belongs to the answer that is shown."""
        self._several = string.text
        self.resultLabel.setText(string.text if len(string) <= MOST_LARGE else f"{string.text[: MOST_LARGE - 1]}…")
        self.confidenceLabel.setText(percent(string.confidence))
        self._word_answer()

    def pen_is_down(self) -> bool:
        """Whether a stroke is being drawn."""
        return self.canvas.is_drawing

    def show_no_answer(self) -> None:
        """Remove the answer."""
        self._shown, self._several = None, ""
        for label in (self.resultLabel, self.confidenceLabel, self.truthLabel, self.verdictLabel):
            label.clear()
        self.bars.show_shares(None)
        self.seenLabel.show_pixels(None)
        self.answer_changed.emit()

    def show_networks(self, models: list[str], current: str) -> None:
        """List the networks to choose, and an entry that opens another one."""
        self.networkCombo.clear()
        for model in models:
            self.networkCombo.addItem(short_name(model), model)
        self.networkCombo.addItem(tr("Open a file …"), "")
        self.networkCombo.setCurrentIndex(self.networkCombo.findData(current))

    def show_facts(self, facts: Facts | None) -> None:
        """Show the facts about the network in use."""
        self._facts = facts
        self.networkInfoLabel.setText(facts_words(facts) if self._tried is None else tried_words(self._tried))

    def show_tried(self, tried: Tried | None) -> None:
        """Show the facts about the network in training while it answers, then again those of the network in use."""
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

    def tell(self, told: Message) -> None:
        """Show a sentence at the bottom of the window until the next one comes."""
        self._told = told
        words = notice_words(told)
        self._message.setText(words)
        self._message.setAccessibleName(words)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

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
        self.networkCombo.setItemText(self.networkCombo.count() - 1, tr("Open a file …"))
        self.show_facts(self._facts)
        if self._told is not None:
            self.tell(self._told)
        self._word_answer()

    def _name_pages(self) -> None:
        names = [title() for _, title in self._titles]
        for (action, _), (whole, _) in zip(self._titles, names, strict=True):
            action.setText(whole)
        self.tabs.show_names(names)

    def _list_page(self, page: QWidget | None, title: Title) -> None:
        assert page is not None
        action = QAction(self)
        number = len(self._titles) + 1
        action.setObjectName(f"page_{number}Action")
        action.setShortcut(f"Ctrl+{number}")
        action.triggered.connect(lambda _=False: self.tabs.setCurrentWidget(page))
        self.actions_by_name.view_menu.addAction(action)
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
        palette = self.truthLabel.palette()
        palette.setColor(QPalette.ColorRole.WindowText, RIGHT if right else WRONG)
        self.truthLabel.setPalette(palette)


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


def _enlarge(label: QLabel, points: int, *, bold: bool) -> None:
    font = QFont(label.font())
    font.setPointSize(points)
    font.setBold(bold)
    label.setFont(font)
