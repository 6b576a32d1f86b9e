"""One step of learning, with the digit to learn and the learning rate."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from fastcnn.gui.logic.lesson.backward import DEFAULT_RATE, LEARNING_RATES, Learned
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.logic.lesson.teacher import Teacher
from fastcnn.gui.widgets.beside import Beside
from fastcnn.gui.widgets.boxes import Combo
from fastcnn.gui.widgets.label import Label
from fastcnn.gui.widgets.lesson.learn_view import LearnView


class LearnPanel(QWidget):
    """Asks the teacher for a step whenever something changes while it is visible."""

    def __init__(self, teacher: Callable[[], Teacher], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lessonLearn")
        self._teacher = teacher
        self.label, self.rate = Combo(self), Combo(self)
        self.label_caption, self.rate_caption = Label(self), Label(self)
        for caption, box, name in (
            (self.label_caption, self.label, "learnDigit"),
            (self.rate_caption, self.rate, "learnRate"),
        ):
            box.setObjectName(name)
            caption.setObjectName(f"{name}Caption")
            caption.setBuddy(box)
            box.activated.connect(lambda _: self.ask())
        self.rate.addItems([f"{rate:g}" for rate in LEARNING_RATES])
        self.rate.setCurrentIndex(DEFAULT_RATE)
        self.view = LearnView(self)
        self._picture: object = None
        choices, rest = Beside(self), QWidget(self)
        for pair in ((self.label_caption, self.label), (self.rate_caption, self.rate)):
            named = Beside(self)
            for widget in pair:
                named.add(widget)
            choices.add(named)
        rest.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        choices.add(rest, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(choices)
        rows.addWidget(self.view, 1)

    def ask(self) -> None:
        """Ask for the step with the chosen digit and rate."""
        if self.isVisible() and self.label.currentIndex() >= 0:
            self._teacher().rate = self.rate.currentIndex()
            self._teacher().learn(self.label.currentIndex())

    def show_lesson(self, shown: Shown) -> None:
        """Show the filter of a look; another picture proposes its true digit."""
        count = len(shown.stages[-1].out)
        if self.label.count() != count:
            self.label.clear()
            self.label.addItems(map(str, range(count)))
        if self._picture is not shown.flips:
            self._picture = shown.flips
            self.label.setCurrentIndex(shown.label)
        self.view.show_lesson(shown)

    def show_learned(self, learned: Learned | None) -> None:
        """Show a step; None asks for it."""
        self.view.show_learned(learned)
        if learned is None:
            self.ask()
