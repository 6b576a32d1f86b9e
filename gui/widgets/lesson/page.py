"""The lesson's page: one picture through the whole network. It shows; `logic.lesson.teacher` decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt5.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PyQt5.QtWidgets import QPushButton, QSizePolicy, QTabBar, QVBoxLayout, QWidget

from fastcnn.gui.logic.engine import Set
from fastcnn.gui.logic.lesson.backward import Learned
from fastcnn.gui.logic.lesson.files import SECTIONS, Lesson
from fastcnn.gui.logic.lesson.guide import Guide
from fastcnn.gui.logic.lesson.offers import Offer
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.logic.lesson.stages import Kind
from fastcnn.gui.logic.lesson.teacher import Teacher
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.beside import Beside
from fastcnn.gui.widgets.canvas import ARROWS
from fastcnn.gui.widgets.label import Label
from fastcnn.gui.widgets.lesson.compare_view import CompareView
from fastcnn.gui.widgets.lesson.epoch_offer import EpochOffer
from fastcnn.gui.widgets.lesson.epochs import EpochSlider
from fastcnn.gui.widgets.lesson.gallery_view import GalleryView
from fastcnn.gui.widgets.lesson.learn_panel import LearnPanel
from fastcnn.gui.widgets.lesson.lesson_card import LessonCard
from fastcnn.gui.widgets.lesson.look_view import LookView
from fastcnn.gui.widgets.lesson.player import Colors, Player
from fastcnn.gui.widgets.lesson.scroll import Scroll, Stack
from fastcnn.gui.widgets.lesson.strip import Strip
from fastcnn.gui.widgets.lesson.texts import page_texts
from fastcnn.gui.widgets.lesson.words import keys_words, kind_words, network_words
from fastcnn.gui.widgets.order import set_order
from fastcnn.gui.widgets.page import GRID, Page, Words, card
from fastcnn.gui.widgets.scale import scale_of

LOOK, LEARN, COMPARE, GALLERY = range(len(SECTIONS))
KEYS, KEYS_AND_EPOCHS = 640, 690  # the least height of the page that shows the line of keys, without scrolling


class LessonPage(Page):
    """A `logic.lesson.shown.LessonView` and a `logic.lesson.guide.GuideView`.

    Parameters
    ----------
    measure, pictures, go_to : of `GalleryView`
    start, open_, print_ : of `LessonCard`
    offer, take : of `EpochOffer`
    """

    became_visible = pyqtSignal()

    def __init__(
        self,
        *,
        measure: Callable[[], None],
        pictures: Callable[[], Set],
        go_to: Callable[[int], None],
        start: Callable[[Path], None],
        open_: Callable[[], None],
        print_: Callable[[], None],
        offer: Callable[[], Offer],
        take: Callable[[], None],
    ) -> None:
        super().__init__()
        self.teacher: Teacher
        self.guide: Guide
        self._shown: Shown | None = None

        def teacher() -> Teacher:
            return self.teacher

        self.step = Label(self)
        self.step.setObjectName("stationLabel")
        self.keys = Label(self)
        self.keys.setObjectName("lessonKeys")
        self.keys.setWordWrap(True)
        self.keys.setProperty("role", "small")
        self.note = Label(self)
        self.note.setObjectName("networkNote")
        self.note.setWordWrap(True)
        self.note.setProperty("role", "small")
        self.empty = Label(self)
        self.empty.setObjectName("noLessonCaption")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.card = LessonCard(
            start=start, go=lambda by: self.guide.go(by), end=lambda: self.guide.end(), open_=open_, print_=print_
        )
        self.strip = Strip(self)
        self.strip.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)  # it may be lower
        self.strip.chosen.connect(self._open)
        self.strip.grown.connect(lambda: set_order(self))
        self.sections = QTabBar(self)
        self.sections.setObjectName("lessonSections")
        self.sections.setExpanding(False)
        for _ in SECTIONS:
            self.sections.addTab("")
        self.look, self.learn = LookView(teacher, self), LearnPanel(teacher, self)
        self.compare = CompareView(lambda model: self.teacher.compare(model), self)

        def open_picture(number: int) -> None:
            self.sections.setCurrentIndex(LOOK)
            go_to(number)

        self.gallery = GalleryView(measure, pictures, open_picture, self)
        self.work = Stack(self)
        for view in (self.look, self.learn, self.compare, self.gallery):
            self.work.addWidget(view)
        self.sections.currentChanged.connect(self._show_section)
        self.player, self.colors, self.epochs = Player(teacher, self), Colors(teacher, self), EpochSlider(self)
        self.offer = EpochOffer(offer, take, self)
        self.epochs.moved.connect(lambda position: self.teacher.set_epoch(position))
        self._lay_out()
        for button in self.findChildren(QPushButton):
            button.installEventFilter(self)
        self.show_lesson(None)
        self.retranslate()

    def show_lesson(self, shown: Shown | None) -> None:
        """Show a look, or that there is no picture."""
        self._shown = shown
        parts = self.strip, self.player, self.colors, self.step, self.keys, self.note
        for part in parts:
            part.setVisible(shown is not None)
        self.empty.setVisible(shown is None and self.sections.currentIndex() != GALLERY)
        works = shown is not None or self.sections.currentIndex() == GALLERY
        for each, is_needed in zip(self._cards, (shown is not None, works, shown is not None), strict=True):
            each.setVisible(is_needed)
        self.strip.show_lesson(shown)
        self.colors.show_lesson(shown)
        self.compare.show_lesson(shown)
        if shown is not None:
            self.look.show_lesson(shown)
            self.learn.show_lesson(shown)
            self.keys.setText(keys_words(shown.stage))
            shares = shown.stage.kind in (Kind.PICTURE, Kind.SOFTMAX)  # they differ from those under the field
            self.note.setText(network_words(shown.network, calibrated=shares))
            self.note.setVisible(bool(self.note.text()))
            words = tr("Layer {number} of {count}: {kind}").format(
                number=shown.place.index + 1, count=len(shown.stages), kind=kind_words(shown.stage.kind)
            )
            self.step.setText(words)
        self._hide_controls()

    def show_epochs(self, epochs: tuple[int, ...], accuracies: tuple[float | None, ...], position: int) -> None:
        """Offer the kept epochs of the network in use."""
        self.epochs.show_epochs(epochs, accuracies, position)
        self._hide_controls()

    def show_learned(self, learned: Learned | None) -> None:
        """Show a step of learning; None asks for it, if its section is open."""
        self.learn.show_learned(learned)

    def show_playing(self, plays: bool) -> None:
        """Play, or stop."""
        self.player.show_playing(plays)

    def show_search(self, share: float | None) -> None:
        """Show how far the search for the one pixel is, or that there is none."""
        self.look.picture.show_search(share)

    def show_step(self, lesson: Lesson | None, position: int) -> None:
        """Show a step of a lesson, or none."""
        self.card.show_step(lesson, position)
        if lesson is not None:
            self.sections.setCurrentIndex(SECTIONS.index(lesson.steps[position].section))
        self.show_lesson(self._shown)
        self.epochs.setVisible(self.epochs.slider.maximum() > 0)
        self._hide_controls()

    def retranslate(self) -> None:
        super().retranslate()
        for index, words in enumerate((tr("Look"), tr("One step of learning"), tr("Two networks"), tr("Gallery"))):
            self.sections.setTabText(index, words)
        for part in (
            self.look,
            self.look.picture,
            self.colors,
            self.epochs,
            self.offer,
            self.card,
            self.gallery,
            self.compare,
        ):
            part.retranslate()
        self.show_lesson(self._shown)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._hide_controls()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self.became_visible.emit()

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        self.teacher.stop()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        keys = Qt.Key
        calls: dict[int, Callable[[], object]] = {
            keys.Key_Left: lambda: self.teacher.advance(-1),
            keys.Key_Right: lambda: self.teacher.advance(1),
            keys.Key_Up: lambda: self.teacher.unit(-1),
            keys.Key_Down: lambda: self.teacher.unit(1),
            keys.Key_Space: lambda: self.teacher.play(),
            keys.Key_Return: lambda: self.teacher.flip_here(),
            keys.Key_Enter: lambda: self.teacher.flip_here(),
            keys.Key_PageUp: lambda: self.teacher.step(-1),
            keys.Key_PageDown: lambda: self.teacher.step(1),
        }
        modifiers = event.modifiers() & ~Qt.KeyboardModifiers(Qt.KeyboardModifier.KeypadModifier)
        if event.key() in calls and not modifiers:
            calls[event.key()]()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """The arrow keys are the page's after a click on a button, too: Qt would move the focus."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and Qt.Key(event.key()) in ARROWS:
            self.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    def _open(self, index: int) -> None:
        self.teacher.open(index)
        if not self.strip.buttons[index].hasFocus():  # after a click; the arrow keys now move the frame
            self.look.plane.setFocus()
        if self.sections.currentIndex() not in (LOOK, LEARN):
            self.sections.setCurrentIndex(LOOK)

    def _show_section(self, index: int) -> None:
        self.work.setCurrentIndex(index)
        self.show_lesson(self._shown)
        if index == LEARN:
            self.learn.ask()
        elif index == COMPARE and self._shown is not None and not self._shown.rival:
            self.compare.start()

    def _hide_controls(self) -> None:
        """Hide what the step of a lesson hides."""
        step = self.guide.step if hasattr(self, "guide") else None
        hidden = step.hide if step is not None else ()
        parts = {
            "sections": self.sections, "colors": self.colors, "player": self.player, "epochs": self.epochs,
            "pixels": self.look.picture.buttons,
        }  # fmt: skip
        has_epochs = self.epochs.slider.maximum() > 0
        room = self.height() >= (KEYS_AND_EPOCHS if has_epochs else KEYS) * scale_of(self)  # F1 names the keys too
        self.keys.setVisible(self._shown is not None and step is None and room)
        self.look.sentence.setVisible(step is None)  # the text of the lesson explains enough, and needs the room
        for name, part in parts.items():
            if name in hidden:
                part.hide()
            elif name in ("sections", "pixels"):
                part.show()
        self.offer.setVisible(self._shown is not None and not has_epochs and "epochs" not in hidden)

    def _lay_out(self) -> None:
        title = Beside(self)
        heading = self._caption("lessonTitleCaption")
        heading.setProperty("role", "title")
        heading.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        title.add(heading, 1)
        title.add(self.step)
        controls = Beside(self)
        controls.add(self.player, 1)
        controls.add(self.colors)
        inside = QWidget()
        inside.setObjectName("lessonInside")
        box = QVBoxLayout(inside)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(title)
        box.addWidget(self.card)
        box.setSpacing(GRID)
        self._cards = card(inside), card(inside), card(inside)
        contents = [self.strip], [self.work], [controls, self.epochs, self.offer, self.keys, self.note]
        for each, parts in zip(self._cards, contents, strict=True):
            column = QVBoxLayout(each)
            column.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
            for part in parts:
                column.addWidget(part)
        box.addWidget(self._cards[0])
        box.addWidget(self.sections)
        box.addWidget(self._cards[1], 1)
        box.addWidget(self.empty, 1)
        box.addWidget(self._cards[2])
        scroll = Scroll(self)
        scroll.setObjectName("lessonScroll")
        scroll.fill(inside)

    def _words(self) -> Words:
        return page_texts()
