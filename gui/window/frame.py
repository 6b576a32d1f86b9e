"""What frames the pages: the rail, the top bar, the left column with the field and the result, and the messages.

It fits them to the window's size and connects those of their parts that need no decision of the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PyQt5.QtGui import QIcon
from PyQt5.QtWidgets import (
    QAbstractButton,
    QBoxLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QScrollArea,
    QScrollBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fastcnn.gui.logic.presenter import Mode
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.holder import least_size
from fastcnn.gui.widgets.icons import icon
from fastcnn.gui.widgets.label import Label
from fastcnn.gui.widgets.order import set_order
from fastcnn.gui.widgets.scale import LEAST_BESIDE, scale_of
from fastcnn.gui.widgets.toast import Toast
from fastcnn.gui.window.messages import MessagePlace

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QComboBox, QStackedWidget

    from fastcnn.gui.widgets.bars import Bars
    from fastcnn.gui.widgets.canvas import Canvas
    from fastcnn.gui.widgets.pixels import PixelLabel
    from fastcnn.gui.widgets.rail import Rail
    from fastcnn.gui.widgets.tabs import Tabs
    from fastcnn.gui.window.actions import Actions

ICONS = {
    "drawButton": "random", "clearButton": "clear", "recognizeButton": "recognize", "zoomButton": "zoom",
    "fullButton": "full", "helpButton": "help", "menuButton": "menu", "undoButton": "undo", "redoButton": "redo",
    "eraserButton": "eraser",
}  # fmt: skip
BUTTONS = ("drawButton", "clearButton", "recognizeButton")
CAPTIONS = ("modeLabel", "networkLabel")
EXTRAS = ("zoomButton", "fullButton", "helpButton")  # they are in the menu too
# What the top bar shows, the best first: its captions, its extras, and the three buttons in a row of their own.
FITS = ((True, True, False), (False, True, False), (False, False, False), (False, True, True), (False, False, True))
LEAST_COLUMN, COLUMN_SHARE, MOST_COLUMN = 288, 0.235, 0.36  # of the left column's width; shares of the window's
NARROW = 760  # a window of less gets a folded left column, so that no page must scroll to the side
STACKED = 640  # a window of less has the page under the left column, and in the top bar small words without icons
TIGHT = 440  # a window of less shows icons without words in the rail
LEAST_FIELD, FOLDED_FIELD, GOOD_FIELD = (
    150,
    120,
    220,
)  # only a field that is larger than that leaves more bars the room that they wish
BESIDE_FIELD = 26  # the card's margins and lines
SLACK = 8  # for a sentence of two lines
SCROLL_BAR = 12
GRID = 16
MOST = 16_777_215  # the largest size of a widget
DIGITS = 10
WIDEST = "100.00%"
PARTS = ("mnistTools", "handTools", "toolStack", "chipRow", "fieldCard", "resultCard", "leftInside")  # from inside out


class Framed(QMainWindow):
    """What the frame needs of its window."""

    actions_by_name: Actions
    canvas: Canvas
    imageLabel: PixelLabel
    bars: Bars
    confidenceLabel: QLabel
    modeCombo: QComboBox
    pictureStack: QStackedWidget
    resultLabel: QLabel
    tabs: Tabs

    @property
    def is_answered(self) -> bool:
        """Whether an answer is shown."""
        raise NotImplementedError


class Frame(QObject):
    """The parts round the pages of a window."""

    def __init__(self, window: Framed) -> None:
        super().__init__(window)
        self._window = window
        self._parts: dict[str, QWidget] = {}
        self.rail: Rail = window.findChild(QScrollArea, "rail")
        body, pages = self._part("bodyScroll"), self._part("pageScroll")
        assert isinstance(body, QScrollArea) and isinstance(pages, QScrollArea)
        self.toast = Toast(body)
        self._messages = MessagePlace(self.toast, body, pages, window.tabs)
        self._bar, self._buttons = self._part("topBar"), self._part("topButtons")
        self._column = self._part("leftScroll")
        self._hint = Label(window.pictureStack)
        self._hint.setObjectName("hintLabel")
        self._hint.setProperty("role", "hint")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setWordWrap(True)
        self._hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._placed = 0  # how far the page has been scrolled to
        self._buttons_below = self._fitting = self._folded = self._tight = self._stacked = False
        for name in ICONS:
            self._set_icon(name)
            if isinstance(button := self._part(name), QToolButton):
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._connect()
        for watched in (self._part("central"), self._column, self._part("leftInside"), window.pictureStack):
            watched.installEventFilter(self)

    def add_page(self, picture: str) -> None:
        """Add a button for the newest page."""
        self.rail.add(picture)
        self.rail.show_current(self._window.tabs.currentIndex())

    def order(self) -> None:
        """Let Tab go through all parts as people read. Called when all pages are there."""
        set_order(self.rail, self._bar, self._column, self._part("pageScroll"), self.toast)

    def retranslate(self) -> None:
        """Word again what Designer's file does not hold, in the language in use."""
        for digit in range(DIGITS):
            chip = self._chip(digit)
            chip.setToolTip(tr("Keep this drawing as the digit {digit} (key {digit})").format(digit=digit))
            chip.setAccessibleName(tr("It is {digit}").format(digit=digit))
        self.show_hint()
        self.fit()

    def show_hint(self) -> None:
        """Say in an empty field what to do with it."""
        window = self._window
        hand = window.modeCombo.currentIndex() == Mode.HAND
        empty = window.canvas.is_blank and not window.canvas.is_drawing if hand else window.imageLabel.pixels is None
        self._hint.setVisible(empty)
        self._hint.setGeometry(window.pictureStack.rect())
        self._hint.raise_()  # over the field, which the stack has raised
        self._hint.setText(
            tr("Draw a digit here\nwith mouse, pen or finger") if hand else tr("Press “Random picture”\nto begin")
        )

    def show_chips(self) -> None:
        """Offer the ten digits where a drawing's answer can be corrected."""
        hand = self._window.modeCombo.currentIndex() == Mode.HAND
        self._part("chipRow").setVisible(hand)
        for digit in range(DIGITS):
            self._chip(digit).setEnabled(hand and self._window.is_answered)

    def fit(self) -> None:
        """Give the top bar one row or two, the left column its width and the field its height."""
        if self._fitting:  # by itself: it moves what it watches
            return
        self._fitting = True
        try:
            self._tighten(self._window.width() < TIGHT * scale_of(self._window))
            self._fold(self._window.width() < NARROW * scale_of(self._window))
            self._turn(self._window.width() < STACKED * scale_of(self._window))
            self._fit_bar(self._window.width() - self.rail.sizeHint().width())
            if self._stacked:
                self._fit_stack()
            else:
                self._fit_column()
        finally:
            self._fitting = False
        self._messages.place()

    def _tighten(self, tight: bool) -> None:
        """Show less next to the pages, or all of it again."""
        if tight == self._tight:
            return
        self._tight = tight
        self.rail.show_words(not tight)

    def _turn(self, stacks: bool) -> None:
        """Put the page under the left column, or next to it again."""
        if stacks == self._stacked:
            return
        self._stacked = self._messages.stacked = stacks
        columns, ways, sides = self._part("bodyInside").layout(), QBoxLayout.Direction, GRID // 2
        assert isinstance(columns, QBoxLayout)
        columns.setDirection(ways.TopToBottom if stacks else ways.LeftToRight)
        if self._folded:
            columns.setContentsMargins(0 if stacks else sides, sides, 0 if stacks else sides, sides)
        for part in (self._column, self._part("pageScroll")):
            part.setMinimumSize(0, 0)
            part.setMaximumSize(MOST, MOST)
        for name in BUTTONS:
            self._set_icon(name)
        for name in (*BUTTONS, "modeCombo", "networkCombo"):
            part = self._part(name)
            part.setProperty("tight", stacks)  # the style sheet has smaller letters for it
            style = part.style()
            assert style is not None
            style.polish(part)

    def _set_icon(self, name: str) -> None:
        button = self._part(name)
        assert isinstance(button, QAbstractButton)
        bare = self._stacked and name in BUTTONS
        purpose = "fill-text" if name == "recognizeButton" else "text"
        button.setIcon(QIcon() if bare else icon(ICONS[name], purpose))

    def _fold(self, folds: bool) -> None:
        """Put what stands side by side in the left column one below the other, or back."""
        if folds == self._folded:
            return
        self._folded = folds
        ways, gap = QBoxLayout.Direction, GRID // 2 if folds else GRID
        columns, inside = self._part("bodyInside").layout(), self._part("leftInside").layout()
        result = self._part("resultCard").layout()
        answer = self._part("resultCard").findChild(QBoxLayout, "answerRow")
        chips = self._part("chipRow").findChild(QGridLayout, "chips")
        assert columns and inside and result and answer and chips
        columns.setContentsMargins(gap, gap, gap, gap)
        for row in (columns, inside, answer):
            row.setSpacing(gap)
        result.setContentsMargins(gap, GRID // 2, gap, 3 * GRID // 4)
        for name in ("mnistTools", "handTools"):
            tools = self._part(name).layout()
            assert isinstance(tools, QBoxLayout)
            tools.setDirection(ways.TopToBottom if folds else ways.LeftToRight)
        in_row = DIGITS // 2 if folds else DIGITS
        for digit in range(DIGITS):
            chips.addWidget(self._chip(digit), digit // in_row, digit % in_row)

    def _fit_column(self) -> None:
        window = self._window
        scale = scale_of(window)
        column, stack, chips = self._part("leftInside"), window.pictureStack, self._part("chipRow")
        for label, words in ((window.confidenceLabel, WIDEST), (window.resultLabel, window.resultLabel.text() or "0")):
            label.setMinimumWidth(label.fontMetrics().horizontalAdvance(words))  # any answer fits into the column
        for name in PARTS:
            layout = self._part(name).layout()
            if layout is not None:
                layout.activate()  # or the column would be measured with what its parts were before
        wished = 0 if self._folded else LEAST_COLUMN
        least = min(round(wished * scale), round(MOST_COLUMN * window.width()))
        least = max(least, least_size(column, 0).width())
        width = max(least, round(COLUMN_SHARE * window.width()))
        rest = least_size(column, width - BESIDE_FIELD).height() - stack.minimumHeight()
        if not chips.isVisibleTo(column):
            rest += chips.sizeHint().height() + GRID // 2  # so that the field has one size in both modes
        room = self._column.height() - rest - SLACK
        room = max(room - window.bars.wished, min(room, GOOD_FIELD))
        side = max(FOLDED_FIELD if self._folded else LEAST_FIELD, min(width - BESIDE_FIELD, room))
        self._lay_cards(window.width() - self.rail.sizeHint().width() - width)
        scrolls = self._column.height() < rest + side
        self._column.setFixedWidth(min(width, max(least, side + BESIDE_FIELD)) + (SCROLL_BAR if scrolls else 0))
        stack.setFixedHeight(side)

    def _lay_cards(self, room: int) -> None:
        cards, ways = self._part("answerPage").findChild(QBoxLayout, "answerCards"), QBoxLayout.Direction
        assert isinstance(cards, QBoxLayout)
        wide = room >= round(LEAST_BESIDE * scale_of(self._window))
        cards.setDirection(ways.LeftToRight if wide else ways.TopToBottom)

    def _fit_stack(self) -> None:
        """Give the field and the page all the width and, one after the other, all the height. What is below scrolls."""
        window, inside, scroll = self._window, self._part("leftInside"), self._part("bodyScroll")
        width, height = scroll.width() - SCROLL_BAR, scroll.height() - GRID
        window.pictureStack.setFixedHeight(max(FOLDED_FIELD, min(width - BESIDE_FIELD, height - BESIDE_FIELD)))
        for name in PARTS:
            layout = self._part(name).layout()
            if layout is not None:
                layout.activate()
        self._lay_cards(width)
        self._keep_place()
        self._column.setFixedHeight(least_size(inside, width).height())
        self._part("pageScroll").setMinimumHeight(height)

    @property
    def _body(self) -> QScrollBar:
        area = self._part("bodyScroll")
        bar = area.verticalScrollBar() if isinstance(area, QScrollArea) else None
        assert bar is not None
        return bar

    def _page_place(self) -> int:
        """How far to scroll to the page, if it stands under the left column; the answer is in that column."""
        is_below = self._stacked and self._window.tabs.currentIndex() > 0
        return self._part("pageScroll").y() - GRID // 2 if is_below else 0

    def _keep_place(self) -> None:
        """Follow the page to its new place, unless somebody has scrolled elsewhere."""
        if self._stacked and self._body.value() in (self._placed, self._page_place()):
            QTimer.singleShot(0, self._scroll_to_page)  # when all have their new places

    def _scroll_to_page(self) -> None:
        self._placed = self._page_place()
        self._body.setValue(self._placed)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.LayoutRequest and self._stacked:
            if watched is self._part("leftInside"):
                self._fit_stack()
        elif event is not None and event.type() == QEvent.Type.Resize:
            if watched is self._window.pictureStack:
                self._hint.setGeometry(self._window.pictureStack.rect())
            elif watched is self._column and not self._stacked:
                self._fit_column()
            elif watched is self._part("central"):
                self.fit()
        return super().eventFilter(watched, event)

    def _fit_bar(self, room: int) -> None:
        """Show as much of the top bar as there is room for: first its captions go, then its extras, then one row."""
        rows = self._bar.layout()
        assert isinstance(rows, QVBoxLayout)
        first = rows.itemAt(0)
        row = None if first is None else first.layout()
        assert isinstance(row, QHBoxLayout)
        buttons = self._buttons.layout()
        assert buttons is not None
        for captions, extras, below in FITS:
            for name in CAPTIONS:
                self._part(name).setVisible(captions)
            buttons.setContentsMargins(GRID // 2 if captions or below else 0, 0, 0, 0)
            for name in EXTRAS:
                self._part(name).setVisible(extras)
            if below != self._buttons_below:
                self._buttons_below = below
                if below:
                    rows.addWidget(self._buttons, 0, Qt.AlignmentFlag.AlignLeft)
                else:
                    row.insertWidget(row.indexOf(self._part("networkCombo")) + 1, self._buttons)
            row.invalidate()
            rows.invalidate()
            if rows.sizeHint().width() <= room:
                break

    def _connect(self) -> None:
        window, actions = self._window, self._window.actions_by_name
        self.rail.chosen.connect(window.tabs.setCurrentIndex)
        window.tabs.currentChanged.connect(self.rail.show_current)
        for shown in (window.tabs.currentChanged, self.rail.chosen):
            shown.connect(lambda _: QTimer.singleShot(0, self._scroll_to_page))
        self._body.rangeChanged.connect(lambda *_: self._keep_place())
        window.canvas.changed.connect(self.show_hint)
        triggers = {"fullButton": "full_screen", "helpButton": "help", "menuButton": "menu"}
        triggers |= {f"chip_{digit}": f"correct_{digit}" for digit in range(DIGITS)}
        for button, name in triggers.items():
            self._button(button).clicked.connect(lambda _=False, action=actions[name]: action.trigger())
        sizes = QMenu(window)
        sizes.addActions([actions[name] for name in ("zoom_in", "zoom_out", "zoom_reset")])
        zoom = self._button("zoomButton")
        zoom.setMenu(sizes)
        zoom.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        actions["menu"].triggered.connect(lambda _=False: self._open_menu())

    def _open_menu(self) -> None:
        below = self._button("menuButton")
        menu = self._window.actions_by_name.whole_menu
        menu.popup(below.mapToGlobal(QPoint(below.width() - menu.sizeHint().width(), below.height())))

    def _part(self, name: str) -> QWidget:
        if name not in self._parts:  # Qt would look through the whole window each time
            found = self._window.findChild(QWidget, name)
            assert found is not None, name
            self._parts[name] = found
        return self._parts[name]

    def _button(self, name: str) -> QToolButton:
        found = self._part(name)
        assert isinstance(found, QToolButton)
        return found

    def _chip(self, digit: int) -> QToolButton:
        return self._button(f"chip_{digit}")
