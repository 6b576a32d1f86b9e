"""The black field to draw on. Only this file uses the memory of a QImage, and it returns copies.

Mouse, pen, finger and keyboard all call `pen_down`, `pen_to` and `pen_up`, which take pixels of the image.
"""

from __future__ import annotations

import zlib
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt
from PyQt5.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import (
    QBrush,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
    QTabletEvent,
    QTouchEvent,
)
from PyQt5.QtWidgets import QWidget

from fastcnn.gui.logic.drawing import DEFAULT_WIDTH, SIDE, Drawing, Item, Placed, Stroke, Wiped
from fastcnn.gui.logic.smoothing import Piece, piece

KEY_STEP = 14.0  # image pixels an arrow key moves the pen: 40 across the field
ARROWS = {  # to the right, and down
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


def to_array(image: QImage) -> npt.NDArray[np.uint8]:
    """A copy of a picture: grey values (H, W), colours (H, W, 3), or colours with transparency (H, W, 4)."""
    if image.hasAlphaChannel():
        form, channels = QImage.Format.Format_RGBA8888, 4
    elif image.format() == QImage.Format.Format_Grayscale8:
        form, channels = QImage.Format.Format_Grayscale8, 1
    else:
        form, channels = QImage.Format.Format_RGB888, 3
    image = image.convertToFormat(form)
    bits = image.constBits()
    assert bits is not None
    rows = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels: npt.NDArray[np.uint8] = rows[:, : image.width() * channels].copy()  # rows are padded to four bytes
    return pixels if channels == 1 else pixels.reshape(image.height(), image.width(), channels)


def to_image(grey: npt.NDArray[np.uint8]) -> QImage:
    """A picture with its own memory, from grey values (H, W) or colours (H, W, 3)."""
    rows = np.ascontiguousarray(grey)
    form = QImage.Format.Format_RGB888 if rows.ndim == 3 else QImage.Format.Format_Grayscale8
    return QImage(rows.tobytes(), rows.shape[1], rows.shape[0], rows.strides[0], form).copy()


class Canvas(QWidget):
    """Shows and changes a `Drawing`."""

    changed = pyqtSignal()  # the drawing has changed, also in the middle of a stroke

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.drawing = Drawing()
        self.pen_width = DEFAULT_WIDTH
        self.erases = False
        self._image = QImage(SIDE, SIDE, QImage.Format.Format_Grayscale8)
        self._image.fill(Qt.GlobalColor.black)
        self._stroke: Stroke | None = None
        self._under: tuple[QPoint, QImage] | None = None  # what was where the stroke's last piece is, and its place
        self._finger: int | None = None  # the finger that draws
        self._tablet_draws = False  # whether a tablet's pen draws the present stroke
        self._key_pen = QPointF(SIDE / 2, SIDE / 2)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, False)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def sizeHint(self) -> QSize:
        return QSize(392, 392)

    @property
    def is_blank(self) -> bool:
        """Whether nothing is drawn."""
        return self.drawing.is_blank and (self._stroke is None or self._stroke.erases)

    @property
    def is_drawing(self) -> bool:
        """Whether a stroke has begun and not ended."""
        return self._stroke is not None

    def array(self) -> npt.NDArray[np.uint8]:
        """A copy of the drawing, (SIDE, SIDE) uint8, white on black."""
        return to_array(self._image)

    def place(self, picture: npt.NDArray[np.uint8]) -> None:
        """Put a picture (SIDE, SIDE) over the drawing."""
        self._end_stroke()
        self._image = to_image(picture)
        self._done(Placed(picture))
        self._all_changed()

    def wipe(self) -> None:
        """Clear the drawing. This can be undone."""
        self._end_stroke()
        if not self.drawing.is_empty:
            self._image.fill(Qt.GlobalColor.black)
            self._done(Wiped())
            self._all_changed()

    def undo(self) -> None:
        """Undo the last action, or remove an unfinished stroke."""
        self._end_stroke()
        if self.drawing.undo():
            self._go_back()

    def redo(self) -> None:
        """Do the action again that was undone last."""
        self._end_stroke()
        if self.drawing.redo():
            self._go_back()

    def pen_down(self, at: QPointF, *, erases: bool = False) -> None:
        """Begin a stroke with a dot. With `erases` it erases even if the eraser is not chosen."""
        self._end_stroke()
        self._stroke = Stroke([(at.x(), at.y())], self.pen_width, self.erases or erases)
        self._paint_to(self._stroke, 0)
        self.update()
        self.changed.emit()

    def pen_to(self, at: QPointF) -> None:
        """Go on with the stroke, if there is one."""
        stroke = self._stroke
        if stroke is None or stroke.points[-1] == (at.x(), at.y()):
            return
        stroke.points.append((at.x(), at.y()))
        self._update_around(self._paint_to(stroke, len(stroke.points) - 1))
        self.changed.emit()

    def pen_up(self) -> None:
        """End the stroke."""
        if self._stroke is not None:
            self._end_stroke()
            self.changed.emit()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if self._is_of_the_mouse(event) and event.button() == Qt.MouseButton.LeftButton:
            self.pen_down(self._to_image(event.localPos()))

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        if self._is_of_the_mouse(event):
            self.pen_to(self._to_image(event.localPos()))

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        if self._is_of_the_mouse(event) and event.button() == Qt.MouseButton.LeftButton:
            self.pen_to(self._to_image(event.localPos()))
            self.pen_up()

    def _is_of_the_mouse(self, event: QMouseEvent | None) -> TypeGuard[QMouseEvent]:
        """Whether a mouse event is real. Qt and the system send others for the strokes of a pen or a finger."""
        made_by_qt = Qt.MouseEventSource.MouseEventSynthesizedByQt
        return event is not None and not self._tablet_draws and event.source() != made_by_qt

    def tabletEvent(self, event: QTabletEvent | None) -> None:
        """The pen draws, and its other end erases."""
        if event is None:
            return
        at = self._to_image(event.posF())
        if event.type() == QEvent.Type.TabletPress and event.button() == Qt.MouseButton.LeftButton:
            self.pen_down(at, erases=event.pointerType() == QTabletEvent.PointerType.Eraser)
            self._tablet_draws = True
        elif event.type() == QEvent.Type.TabletMove:
            self.pen_to(at)
        elif event.type() == QEvent.Type.TabletRelease:
            self.pen_up()
        event.accept()  # otherwise Qt sends mouse events for the same strokes

    def event(self, event: QEvent | None) -> bool:
        if isinstance(event, QTouchEvent):
            self._touched(event)
            event.accept()
            return True
        return super().event(event)

    def _touched(self, event: QTouchEvent) -> None:
        """The first finger draws until it leaves. Other fingers do nothing."""
        if event.type() == QEvent.Type.TouchBegin and event.touchPoints():
            first = event.touchPoints()[0]
            self._finger = first.id()
            self.pen_down(self._to_image(first.pos()))
            return
        for point in event.touchPoints():
            if point.id() == self._finger:
                if point.state() == Qt.TouchPointState.TouchPointMoved:
                    self.pen_to(self._to_image(point.pos()))
                elif point.state() == Qt.TouchPointState.TouchPointReleased:
                    self.pen_up()
                    self._finger = None
        if event.type() in (QEvent.Type.TouchEnd, QEvent.Type.TouchCancel):
            self.pen_up()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        key = Qt.Key(event.key())
        if key in ARROWS and event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier):
            self._move_key_pen(self._key_pen + QPointF(*ARROWS[key]) * KEY_STEP)
            self.pen_to(self._key_pen)
            self.update()
        elif key == Qt.Key.Key_Space and not event.isAutoRepeat():
            if self._stroke is None:
                self.pen_down(self._key_pen)
            else:
                self.pen_up()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        self.pen_up()
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        square = self._square()
        painter.drawImage(square, self._image)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().highlight(), 2))
            painter.drawRect(square.adjusted(1, 1, -1, -1))
            scale = square.width() / SIDE
            at = square.topLeft() + QPointF(self._key_pen) * scale
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawEllipse(at, 3, 3)
        painter.end()

    def _square(self) -> QRectF:
        side = min(self.width(), self.height())
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def _to_image(self, at: QPointF | Any) -> QPointF:
        """From coordinates of the widget to those of the image."""
        square = self._square()
        place = (QPointF(at) - square.topLeft()) * (SIDE / max(1.0, square.width()))
        self._move_key_pen(place)
        return place

    def _move_key_pen(self, to: QPointF) -> None:
        self._key_pen = QPointF(min(max(to.x(), 0.0), SIDE), min(max(to.y(), 0.0), SIDE))

    def _update_around(self, changed: QRectF) -> None:
        """Show again a part of the image."""
        square = self._square()
        scale = square.width() / SIDE
        around = QRectF(changed.topLeft() * scale + square.topLeft(), changed.size() * scale)
        self.update(around.adjusted(-2, -2, 2, 2).toAlignedRect() & QRect(self.rect()))

    def _end_stroke(self) -> None:
        """Add the stroke to the drawing."""
        stroke, self._stroke, self._tablet_draws = self._stroke, None, False
        self._under = None
        if stroke is not None:
            self._done(stroke)

    def _done(self, item: Item) -> None:
        """Keep the picture with the action. For an undo, painting a hundred strokes again would take 30 ms."""
        item.after = zlib.compress(self.array().tobytes(), level=1)
        self.drawing.add(item)

    def _go_back(self) -> None:
        """Show the picture after the action that is now the last one."""
        after = self.drawing.after
        if after:
            self._image = to_image(np.frombuffer(zlib.decompress(after), np.uint8).reshape(SIDE, SIDE))
        else:
            self._image.fill(Qt.GlobalColor.black)
        self._all_changed()

    def _all_changed(self) -> None:
        self.update()
        self.changed.emit()

    def _paint_to(self, stroke: Stroke, number: int) -> QRectF:
        """Paint a stroke to one of its points, or a dot for the first. All of it at once would take seconds.

        The last piece gets its final form with the next point. So what was under it is kept, and put back then.
        Returns the part of the image that has changed.
        """
        painter = QPainter(self._image)
        changed = QRectF()
        if self._under is not None:
            at, under = self._under
            painter.drawImage(at, under)
            changed |= QRectF(QRect(at, under.size()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = Qt.GlobalColor.black if stroke.erases else Qt.GlobalColor.white
        painter.setPen(
            QPen(QBrush(color), stroke.width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        )
        if not number:
            painter.drawPoint(QPointF(*stroke.points[0]))
        if number > 1:
            changed |= _paint_piece(painter, piece(stroke.points, number - 1), stroke.width)
        if number:
            last = piece(stroke.points, number)
            around = _around(last, stroke.width).toAlignedRect() & self._image.rect()
            self._under = around.topLeft(), self._image.copy(around)
            changed |= _paint_piece(painter, last, stroke.width)
        painter.end()
        return changed


def _around(curve: Piece, width: int) -> QRectF:
    """The part of the image in which a piece lies: a Bézier curve stays among its four points."""
    margin = width / 2 + 2
    return QPolygonF([QPointF(*point) for point in curve]).boundingRect().adjusted(-margin, -margin, margin, margin)


def _paint_piece(painter: QPainter, curve: Piece, width: int) -> QRectF:
    start, end = QPointF(*curve.start), QPointF(*curve.end)
    if curve.is_line:
        painter.drawLine(start, end)
    else:
        path = QPainterPath(start)
        path.cubicTo(QPointF(*curve.control_1), QPointF(*curve.control_2), end)
        painter.drawPath(path)
    return _around(curve, width)
