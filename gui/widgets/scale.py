"""The zoom as painted parts need it: sizes are those of zoom 1, and grow with the widget's font."""

from __future__ import annotations

from PyQt5.QtGui import QFont
from PyQt5.QtWidgets import QWidget

BODY_PX, SMALL_PX = 15, 13  # the window's font at zoom 1, and that of captions

LEAST_BESIDE = 480  # of the room for two cards side by side, at zoom 1


def scale_of(widget: QWidget) -> float:
    """How large everything is: 1 at zoom 1."""
    return widget.fontInfo().pixelSize() / BODY_PX


def letters(widget: QWidget, pixels: float, most: float = 1e9, *, bold: bool = False) -> QFont:
    """The widget's font for `pixels` of zoom 1, but no higher than `most` pixels of now."""
    return sized(widget.font(), min(pixels * scale_of(widget), most), bold=bold)


def sized(font: QFont, pixels: float, *, bold: bool = False) -> QFont:
    """The font in another size."""
    changed = QFont(font)
    changed.setPixelSize(max(6, round(pixels)))
    changed.setBold(bold)
    return changed
