"""A button whose words take two lines where one is too long for the room."""

from __future__ import annotations

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QPushButton, QSizePolicy


class WrappingButton(QPushButton):
    """Asks for the width of one line, and can do with that of two."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[call-overload]
        self._words = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)  # others never get their least

    def setText(self, text: str | None) -> None:
        self._words = text or ""
        super().setText(self._words)
        self._wrap()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width() + self._advance(self._words) - self._widest(self.text()), hint.height())

    def minimumSizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width() + self._widest(_in_two(self._words)) - self._widest(self.text()), hint.height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._wrap()

    def _wrap(self) -> None:
        fits = self.width() >= self.sizeHint().width()
        wanted = self._words if fits else _in_two(self._words)
        if wanted != self.text():
            super().setText(wanted)

    def _widest(self, text: str) -> int:
        return max(map(self._advance, text.split("\n")))

    def _advance(self, line: str) -> int:
        return self.fontMetrics().horizontalAdvance(line.replace("&", ""))


def _in_two(words: str) -> str:
    """The words in two lines of about the same length; those without spaces, such as Chinese, break anywhere."""
    middle = len(words) // 2
    spaces = [place for place, letter in enumerate(words) if letter == " "]
    if not spaces:
        return f"{words[:middle]}\n{words[middle:]}" if middle else words
    place = min(spaces, key=lambda each: abs(each - middle))
    return f"{words[:place]}\n{words[place + 1 :]}"
