"""The order in which Tab goes from widget to widget: as people read. Qt's is that in which they were made."""

from __future__ import annotations

from collections.abc import Iterator

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QLayout, QScrollArea, QTabWidget, QWidget

from fastcnn.gui.widgets.holder import Holder


def set_order(*parts: QWidget) -> None:
    """Let Tab go through these parts of a window, one after the other, and round."""
    before: QWidget | None = None
    for part in parts:
        for widget in in_reading_order(part):
            if before is not None:
                QWidget.setTabOrder(before, widget)
            before = widget


def in_reading_order(part: QWidget) -> Iterator[QWidget]:
    """The widgets of a part that Tab can reach, in the order of its layouts."""
    if part.focusPolicy() & Qt.FocusPolicy.TabFocus:
        yield part
    elif isinstance(part, QScrollArea):
        yield from _each(part.widget())
    elif isinstance(part, QTabWidget):
        for index in range(part.count()):
            yield from _each(part.widget(index))
    elif isinstance(part, Holder):
        for child in part.children():
            if isinstance(child, QWidget):
                yield from in_reading_order(child)
    elif (layout := part.layout()) is not None:
        yield from _in_layout(layout)


def _each(widget: QWidget | None) -> Iterator[QWidget]:
    if widget is not None:
        yield from in_reading_order(widget)


def _in_layout(layout: QLayout) -> Iterator[QWidget]:
    for index in range(layout.count()):
        item = layout.itemAt(index)
        inner = None if item is None else item.layout()
        if inner is not None:
            yield from _in_layout(inner)
        elif item is not None:
            yield from _each(item.widget())
