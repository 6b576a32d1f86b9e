"""The buttons that step, play and change the filter, and the choice of the colours' scale."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from fastcnn.gui.logic.lesson.colors import Scale
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.logic.lesson.teacher import Teacher
from fastcnn.gui.widgets.beside import Beside
from fastcnn.gui.widgets.boxes import Combo
from fastcnn.gui.widgets.canvas import ARROWS
from fastcnn.gui.widgets.icons import icon
from fastcnn.gui.widgets.lesson.legend import Legend
from fastcnn.gui.widgets.lesson.words import scale_words

PLAY_MS = 120


class KeyButton(QToolButton):
    """A button that leaves the arrow keys to the page."""

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and Qt.Key(event.key()) in ARROWS:
            event.ignore()
        else:
            super().keyPressEvent(event)


class Player(QWidget):
    """It plays by a timer."""

    def __init__(self, teacher: Callable[[], Teacher], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lessonPlayer")
        self.timer = QTimer(self)
        self.timer.setInterval(PLAY_MS)
        self.timer.timeout.connect(self._advance)
        self._teacher = teacher
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for name, picture, call in (
            ("stepBackButton", "previous", lambda: teacher().advance(-1)),
            ("playButton", "start", lambda: teacher().play()),
            ("stepButton", "next", lambda: teacher().advance(1)),
            ("unitBackButton", "up", lambda: teacher().unit(-1)),
            ("unitButton", "down", lambda: teacher().unit(1)),
        ):
            row.addWidget(self._button(name, picture, call))
        row.addStretch(1)

    def show_playing(self, plays: bool) -> None:
        """Play, or stop."""
        button = self.findChild(QToolButton, "playButton")
        button.setIcon(icon("pause" if plays else "start", "text"))
        if plays:
            self.timer.start()
        else:
            self.timer.stop()

    def _advance(self) -> None:
        self._teacher().advance()

    def _button(self, name: str, picture: str, call: Callable[[], object]) -> QToolButton:
        button = KeyButton(self)
        button.setObjectName(name)
        button.setIcon(icon(picture, "text"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)

        def clicked(_: bool = False) -> None:
            call()

        button.clicked.connect(clicked)
        return button


class Colors(Beside):
    """Which numbers share one scale of colours, and its legend."""

    def __init__(self, teacher: Callable[[], Teacher], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lessonColors")
        self.choice = Combo(self)
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.choice.setObjectName("scaleCombo")
        self.choice.addItems([""] * len(Scale))
        self.choice.activated.connect(lambda index: teacher().set_scale(list(Scale)[index]))
        self.legend = Legend(self)
        self.add(self.choice)
        self.add(self.legend)

    def show_lesson(self, shown: Shown | None) -> None:
        """Show the scale of a look."""
        self.legend.show_lesson(shown)
        if shown is not None:
            self.choice.setCurrentIndex(list(Scale).index(shown.scale))

    def retranslate(self) -> None:
        """Set the texts again."""
        for index, scale in enumerate(Scale):
            self.choice.setItemText(index, scale_words(scale))
