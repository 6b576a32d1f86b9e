"""The dark rail at the left: an icon and a word for each page."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PyQt5.QtWidgets import QAbstractButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from fastcnn.gui.widgets.colors import color
from fastcnn.gui.widgets.icons import paint_icon

WORD = 0.87  # the size of a word, as a share of the window's font
GAP = 4


class RailButton(QAbstractButton):
    """A page's icon and word. It is checked while its page is shown."""

    def __init__(self, picture: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture, self._has_word = picture, True
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def show_word(self, shows: bool) -> None:
        """Show the word under the icon, or the icon alone."""
        if shows != self._has_word:
            self._has_word = shows
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        unit = self.fontMetrics().height()
        if not self._has_word:
            return QSize(round(1.45 * unit) + 4 * GAP, round(2.2 * unit))
        words = QFontMetrics(self.word_font()).horizontalAdvance(self.text())
        return QSize(max(round(3.9 * unit), words + 2 * GAP + 4), round(3.6 * unit))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.sizeHint().width(), round(1.9 * self.fontMetrics().height()))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(GAP, 1, -GAP, -1)
        chosen = self.isChecked()
        if chosen or self.underMouse():
            painter.setBrush(color("rail-on"))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setOpacity(1.0 if chosen else 0.5)
            painter.drawRoundedRect(box, 8, 8)
            painter.setOpacity(1.0)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(color("rail-on-text"), 2))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 8, 8)
        purpose = "rail-on-text" if chosen or self.underMouse() else "rail-text"
        painter.setFont(self.word_font())
        words = QFontMetrics(painter.font()).height() if self._has_word else -GAP
        side = min(1.45 * self.fontMetrics().height(), box.height() - words - 3 * GAP)
        top = box.top() + (box.height() - side - words - GAP) / 2
        paint_icon(painter, self._picture, QRectF(box.center().x() - side / 2, top, side, side), purpose)
        if self._has_word:
            painter.setPen(color(purpose))
            place = QRectF(QPointF(box.left(), top + side + GAP), box.bottomRight())
            painter.drawText(place, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, self.text())
        painter.end()

    def word_font(self) -> QFont:
        """The font of the word."""
        font = QFont(self.font())
        font.setPixelSize(max(9, round(WORD * self.fontInfo().pixelSize())))
        return font


class Rail(QScrollArea):
    """The buttons, from top to bottom. They become lower before they scroll."""

    chosen = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: list[RailButton] = []
        inner = QWidget(self)
        inner.setObjectName("railInside")
        self._box = QVBoxLayout(inner)
        self._box.setContentsMargins(GAP, 12, GAP, 8)
        self._box.setSpacing(8)
        self._box.addStretch(1)
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        inner = self.widget()
        return QSize(0 if inner is None else inner.sizeHint().width(), 300)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.sizeHint().width(), 100)

    def add(self, picture: str) -> None:
        """Add a page's button."""
        number = len(self.buttons)
        button = RailButton(picture, self.widget())
        button.setObjectName(f"railButton_{number + 1}")
        button.clicked.connect(lambda _=False: self.chosen.emit(number))
        self._box.insertWidget(number, button)
        self.buttons.append(button)

    def show_words(self, shows: bool) -> None:
        """Show a word under each icon; without them there is more room for the page."""
        for button in self.buttons:
            button.show_word(shows)
        self._box.invalidate()
        self.updateGeometry()

    def show_names(self, names: list[tuple[str, str]]) -> None:
        """Name the buttons, in their order; the short names are for narrow places."""
        for number, (button, (whole, _)) in enumerate(zip(self.buttons, names, strict=True), 1):
            button.setText(whole)
            button.setAccessibleName(whole)
            button.setToolTip(f"{whole} (Ctrl+{number})")
        self.updateGeometry()

    def show_current(self, number: int) -> None:
        """Mark the button of the page that is shown."""
        if 0 <= number < len(self.buttons):
            self.buttons[number].setChecked(True)
            self.ensureWidgetVisible(self.buttons[number], 0, 0)
