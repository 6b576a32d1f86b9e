"""Choose a lesson, and read its steps. A worksheet goes to a PDF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt5.QtWidgets import QComboBox, QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from fastcnn.gui.logic.lesson.files import Lesson, read_lesson, shipped
from fastcnn.gui.text.language import CHINESE, tr
from fastcnn.gui.text.language import in_use as language_in_use
from fastcnn.gui.widgets.beside import Beside
from fastcnn.gui.widgets.boxes import Combo
from fastcnn.gui.widgets.label import Label

Titled = tuple[Path, Lesson]


class LessonCard(QFrame):
    """One row to choose a lesson; the text of the step below it, while a lesson runs.

    Parameters
    ----------
    start, go, end : begin a lesson file, go on by so many steps, end the lesson
    open_, print_ : ask for a lesson file, and print the worksheet of the lesson
    """

    def __init__(
        self,
        *,
        start: Callable[[Path], None],
        go: Callable[[int], None],
        end: Callable[[], None],
        open_: Callable[[], None],
        print_: Callable[[], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("lessonCard")
        self.setProperty("role", "card")
        self._start = start
        self._lesson: Lesson | None = None
        self._position = 0
        self._shipped: list[Titled] = [(path, read_lesson(path)) for path in shipped()]
        self.lessons = Combo(self)
        self.lessons.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.lessons.setMinimumContentsLength(8)
        self.lessons.setObjectName("lessonCombo")
        self.caption = Label(self)
        self.caption.setObjectName("lessonCaption")
        self.caption.setBuddy(self.lessons)
        self.text = Label(self)
        self.text.setObjectName("lessonText")
        self.text.setWordWrap(True)
        self.start_button = self._button("lessonStartButton", self._start_chosen)
        self.open_button = self._button("lessonOpenButton", open_)
        self.back = self._button("lessonBackButton", lambda: go(-1))
        self.next = self._button("lessonNextButton", lambda: go(1))
        self.sheet = self._button("lessonSheetButton", print_)
        self.stop = self._button("lessonEndButton", end)
        choice, buttons, row = QWidget(self), Beside(self), Beside(self)
        choice.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        named = QHBoxLayout(choice)
        named.setContentsMargins(0, 0, 0, 0)
        named.addWidget(self.caption)
        named.addWidget(self.lessons, 1)
        self._chooses = (choice, self.start_button, self.open_button)
        self._runs = (self.text, self.back, self.next, self.sheet, self.stop)
        for pair in ((self.start_button, self.open_button, self.back, self.next), (self.sheet, self.stop)):
            together = Beside(buttons)
            for button in pair:
                together.add(button)
            buttons.add(together)
        row.add(choice, 1)
        row.add(buttons)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 4, 8, 4)
        box.addWidget(self.text)
        box.addWidget(row)
        self.show_step(None, 0)

    def show_step(self, lesson: Lesson | None, position: int) -> None:
        """Show a step of a lesson, or the list of lessons."""
        self._lesson, self._position = lesson, position
        for widget in self._chooses:
            widget.setVisible(lesson is None)
        for widget in self._runs:
            widget.setVisible(lesson is not None)
        if lesson is not None:
            self.back.setEnabled(position > 0)
            self.next.setEnabled(position < len(lesson.steps) - 1)
        self.retranslate()

    def retranslate(self) -> None:
        """Set the texts again."""
        language = CHINESE if language_in_use() == CHINESE else "en"
        chosen = self.lessons.currentIndex()
        self.lessons.clear()
        self.lessons.addItems([lesson.title[language] for _, lesson in self._shipped])
        self.lessons.setCurrentIndex(max(0, chosen))
        lesson = self._lesson
        if lesson is not None:
            step = lesson.steps[self._position]
            words = tr("{title} (step {number} of {count}): {text}").format(
                title=lesson.title[language], text=step.text[language],
                number=self._position + 1, count=len(lesson.steps),
            )  # fmt: skip
            self.text.setText(words)

    def _start_chosen(self) -> None:
        index = self.lessons.currentIndex()
        if index >= 0:
            self._start(self._shipped[index][0])

    def _button(self, name: str, call: Callable[[], None]) -> QPushButton:
        button = QPushButton(self)
        button.setObjectName(name)
        button.clicked.connect(lambda _=False: call())
        return button
