"""What a class may do to the picture: flip pixels, take it back, and look for the one pixel that fools the network."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QPushButton, QVBoxLayout, QWidget

from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.logic.lesson.stages import Stage
from fastcnn.gui.logic.lesson.teacher import Teacher
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.beside import Beside
from fastcnn.gui.widgets.label import Label
from fastcnn.gui.widgets.working import Working
from fastcnn.gui.widgets.wrapping import WrappingButton


class PictureView(QWidget):
    """Buttons, and the answer before and after."""

    def __init__(self, teacher: Callable[[], Teacher], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lessonPixels")
        self._shown: Shown | None = None
        self.buttons = QWidget(self)
        self.undo, self.redo, self.reset, self.fool = (
            self._button(name, call)
            for name, call in (
                ("pixelUndoButton", lambda: teacher().undo()),
                ("pixelRedoButton", lambda: teacher().redo()),
                ("pixelResetButton", lambda: teacher().reset()),
                ("foolButton", lambda: teacher().fool()),
            )
        )
        row = Beside(self.buttons)
        for button in (self.undo, self.redo, self.reset):
            row.add(button, 1)
        rows = QVBoxLayout(self.buttons)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(row)
        rows.addWidget(self.fool)
        self.working = Working("fooling", self.buttons)
        rows.addWidget(self.working)
        self.answer = Label(self)
        self.answer.setObjectName("pixelAnswer")
        self.answer.setWordWrap(True)
        self.answer.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.answer.setProperty("role", "heading")
        box = QVBoxLayout(self)
        box.addWidget(self.answer, 1)
        box.addWidget(self.buttons)

    def show_lesson(self, shown: Shown) -> None:
        """Show the answer of a look, and what can be taken back."""
        self._shown = shown
        self.undo.setEnabled(shown.flips.can_undo)
        self.redo.setEnabled(shown.flips.can_redo)
        self.reset.setEnabled(bool(shown.flips.changed))
        words = tr("The network reads: {answer}").format(answer=answer_words(shown.stages[-1]))
        if shown.before is not None:
            words += "\n" + tr("The unchanged picture: {answer}").format(answer=answer_words(shown.before))
        self.answer.setText(words)

    def show_search(self, share: float | None) -> None:
        """Show how far the search for the one pixel is, or that there is none."""
        self.fool.setEnabled(share is None)
        self.working.show_share(share)

    def retranslate(self) -> None:
        """Set the texts again."""
        if self._shown is not None:
            self.show_lesson(self._shown)

    def _button(self, name: str, call: Callable[[], None]) -> QPushButton:
        button = WrappingButton(self.buttons)
        button.setObjectName(name)
        button.clicked.connect(lambda _=False: call())
        return button


def answer_words(softmax: Stage) -> str:
    """The digit and its share."""
    best = int(softmax.out.argmax())
    return tr("{digit}, {share}%").format(digit=best, share=f"{100 * softmax.out[best]:.1f}")
