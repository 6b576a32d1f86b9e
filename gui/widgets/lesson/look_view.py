"""The open station: the plane it reads, and how its number comes about."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from fastcnn.gui.logic.lesson.planes import input_plane, place_at
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.logic.lesson.stages import Kind
from fastcnn.gui.logic.lesson.teacher import Teacher
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.beside import Beside
from fastcnn.gui.widgets.label import Label
from fastcnn.gui.widgets.lesson.affine_view import AffineView
from fastcnn.gui.widgets.lesson.convolution_view import ConvolutionView
from fastcnn.gui.widgets.lesson.maps_view import MapsView
from fastcnn.gui.widgets.lesson.picture_view import PictureView
from fastcnn.gui.widgets.lesson.plane import Plane
from fastcnn.gui.widgets.lesson.pool_view import PoolView
from fastcnn.gui.widgets.lesson.scroll import Stack
from fastcnn.gui.widgets.lesson.softmax_view import SoftmaxView
from fastcnn.gui.widgets.lesson.words import place_words, sentence_of


class LookView(QWidget):
    """Shows one station; the mouse moves the frame, and flips pixels of the picture."""

    def __init__(self, teacher: Callable[[], Teacher], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._teacher = teacher
        self._shown: Shown | None = None
        self.heading, self.sentence = Label(self), Label(self)
        for label, name, role in (
            (self.heading, "placeLabel", "heading"),
            (self.sentence, "sentenceLabel", "soft"),
        ):
            label.setObjectName(name)
            label.setProperty("role", role)
            label.setWordWrap(True)
        self.plane = Plane("lessonPlane", self)
        self.plane.pressed.connect(self._pressed)
        self.plane.dragged.connect(self._dragged)
        self.picture = PictureView(teacher, self)
        self.convolution, self.pool, self.affine = ConvolutionView(self), PoolView(self), AffineView(self)
        self.softmax, self.maps = SoftmaxView(self), MapsView(self)
        self._views = {
            Kind.PICTURE: self.picture,
            Kind.CONVOLUTION: self.convolution,
            Kind.MAX_POOL: self.pool,
            Kind.MEAN_POOL: self.pool,
            Kind.AFFINE: self.affine,
            Kind.SOFTMAX: self.softmax,
        }
        self.stack = Stack(self)
        for view in (self.picture, self.convolution, self.pool, self.affine, self.softmax, self.maps):
            self.stack.addWidget(view)
        self.less, self.more = (
            self._channel_button("channelLessButton", -1),
            self._channel_button("channelMoreButton", 1),
        )
        self.channel = Label(self)
        self.channel.setObjectName("channelLabel")
        channels = QHBoxLayout()
        for widget in (self.less, self.channel, self.more):
            channels.addWidget(widget)
        channels.addStretch(1)
        given, both = QWidget(self), Beside(self)
        given.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        column = QVBoxLayout(given)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plane, 1)
        column.addLayout(channels)
        both.add(given, 1)
        both.add(self.stack, 3)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.heading)
        rows.addWidget(both, 1)
        rows.addWidget(self.sentence)

    def show_lesson(self, shown: Shown) -> None:
        """Show the open station of a look."""
        self._shown = shown
        stage, place = shown.stage, shown.place
        given = input_plane(shown)
        marked = shown.flips.changed if stage.kind is Kind.PICTURE else None
        self.plane.show_plane(given.values, given.limit, diverging=given.diverging, frame=given.frame, marked=marked)
        view = self._views.get(stage.kind, self.maps)
        view.show_lesson(shown)
        self.stack.setCurrentWidget(view)
        self.heading.setText(place_words(stage, place))
        self.sentence.setText(sentence_of(stage.kind))
        channels = 1
        if stage.kind is Kind.CONVOLUTION and stage.layer is not None:
            channels = stage.layer.parameters["weight"].array.shape[1]
        for widget in (self.less, self.channel, self.more):
            widget.setVisible(channels > 1)
        words = tr("input {number} of {count}").format(number=place.channel + 1, count=channels)
        self.channel.setText(words)
        self.plane.describe(self.heading.text())

    def retranslate(self) -> None:
        """Set the texts again."""
        if self._shown is not None:
            self.show_lesson(self._shown)

    def _pressed(self, row: int, column: int) -> None:
        if self._shown is not None and self._shown.stage.kind is Kind.PICTURE:
            self._teacher().flip(row, column)

    def _dragged(self, row: float, column: float) -> None:
        shown = self._shown
        if shown is not None and input_plane(shown).frame is not None:
            self._teacher().move(*place_at(shown.stage, row, column))

    def _channel_button(self, name: str, by: int) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setText("◀" if by < 0 else "▶")
        button.clicked.connect(lambda _=False: self._teacher().channel(by))
        return button
