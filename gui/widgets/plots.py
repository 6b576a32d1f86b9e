"""Plots of pyqtgraph in the window's colours. Its import takes 0.4 s, so it is imported at its first use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from PyQt5.QtCore import QEvent, QSize, Qt
from PyQt5.QtGui import QFont, QFontMetrics, QResizeEvent
from PyQt5.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from fastcnn.gui.widgets.colors import color
from fastcnn.gui.widgets.scale import BODY_PX, SMALL_PX, letters, scale_of, sized

LEAST_PX = QSize(150, 120)
MOST_PX = 205  # of the width that a title asks for; in less than it needs it gets smaller
AXIS_PX = 45  # at the left; the title is over the rest
DOT_PX = 10
FULL = 1.0
MOST_TICKS = 11
STEPS = (1, 2, 5, 10, 20, 50, 100)  # between two ticks
SIDES, HIDDEN = ("left", "bottom"), ("right", "top")  # where the axes are, and those that pyqtgraph has too
ZERO_SHARE = 0.01  # the height of a bar that stands for 0


class Plot(QWidget):
    """A curve, with dots if there are few points, or bars. It is made when the widget is first shown or filled."""

    def __init__(self, parent: QWidget | None = None, *, bars: bool = False, dots: bool = False) -> None:
        super().__init__(parent)
        self._bars, self._dots = bars, dots
        self._axes: dict[str, Any] = {}
        self._content: Any = None
        self._plot: Any = None
        self._item: Any = None
        self._steps = [self._make_axes, self._make_content, self._make_plot, self._make_item]  # that are still to do
        self._labels = "", ""
        self._points: tuple[list[float], list[float]] = [], []
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def minimumSizeHint(self) -> QSize:
        scale = scale_of(self)
        title = QFontMetrics(letters(self, BODY_PX)).horizontalAdvance(self._labels[0]) + round(AXIS_PX * scale)
        return (LEAST_PX * scale).expandedTo(QSize(min(title, round(MOST_PX * scale)), 0))

    def set_labels(self, title: str, below: str) -> None:
        """Set the title and the name of the x axis."""
        self._labels = title, below
        self.updateGeometry()
        if self._item is not None:
            self._label()

    def show_points(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Draw a curve, or bars with heights that are shares. The same points again cost nothing."""
        self.make()
        assert self._item is not None
        points = list(x), list(y)
        if points == self._points:
            return
        self._points = points
        if self._bars:
            self._item.setOpts(x=points[0], height=points[1], width=0.7)
        else:
            self._item.setData(*points)
            self._mark(0, math.ceil(max(x, default=0)))

    def show_shares(self, first: int, shares: Sequence[float | None]) -> None:
        """Draw bars at `first`, `first` + 1 and so on. A share that is not known has none; 0 is a thin line."""
        known = {first + index: share for index, share in enumerate(shares) if share is not None}
        self.show_points(list(known), [max(share, ZERO_SHARE) for share in known.values()])
        self._mark(first, first + len(shares) - 1)
        self._plot.setXRange(first - 0.5, first + len(shares) - 0.5, padding=0.02)
        self.setAccessibleDescription(", ".join(f"{place}: {share:.0%}" for place, share in known.items()))

    def _mark(self, first: int, last: int) -> None:
        """Write whole numbers under the plot: there is no group 1.5, and no epoch 1.2."""
        step = next((step for step in STEPS if last - first < step * MOST_TICKS), STEPS[-1])
        places = [place for place in range(first, last + 1) if place % step == 0]
        self._plot.getAxis("bottom").setTicks([[(place, str(place)) for place in places]])

    def showEvent(self, event: Any) -> None:
        self.make()
        super().showEvent(event)
        self._label()  # only now it has its width

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if self._item is not None and self.isVisible():
            self._label()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is None or self._item is None:
            return
        if event.type() == QEvent.Type.PaletteChange:
            self._color()
        elif event.type() == QEvent.Type.FontChange:
            self._label()

    def make(self) -> None:
        """Make the plot, which takes 10 to 20 ms, unless it exists."""
        while self._steps:
            self.make_step()

    @property
    def steps_left(self) -> int:
        """How often `make_step` must be called until the plot is made."""
        return len(self._steps)

    def make_step(self) -> None:
        """Do the next step of `make`, so that other events can be handled between two steps."""
        if self._steps:
            self._steps.pop(0)()

    def _make_axes(self) -> None:
        import pyqtgraph

        self._axes = {side: pyqtgraph.AxisItem(side) for side in (*SIDES, *HIDDEN)}

    def _make_content(self) -> None:
        import pyqtgraph

        self._content = pyqtgraph.PlotItem(axisItems=self._axes, enableMenu=False)
        for side in HIDDEN:
            self._content.hideAxis(side)  # it shows all that are given

    def _make_plot(self) -> None:
        import pyqtgraph

        self._plot = pyqtgraph.PlotWidget(self, plotItem=self._content)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._box.addWidget(self._plot)

    def _make_item(self) -> None:
        import pyqtgraph

        plot = self._plot
        plot.hideButtons()
        plot.setMouseEnabled(False, False)
        plot.showGrid(x=False, y=True, alpha=0.25)
        self._mark(0, -1)  # nothing until there is something
        if self._bars:
            self._item = pyqtgraph.BarGraphItem(x=[], height=[], width=0.7, brush=color("fill"), pen=color("fill"))
            plot.addItem(self._item)
            plot.setYRange(0, FULL, padding=0.08)
        else:
            self._item = plot.plot([], [], symbol="o" if self._dots else None)
        self._color()

    def _title_font(self) -> QFont:
        """The font in which the title is whole."""
        font = letters(self, BODY_PX)
        room = max(0, self.width() - round(AXIS_PX * scale_of(self)))
        needed = QFontMetrics(font).horizontalAdvance(self._labels[0])
        fits = needed <= room or not self.isVisible()
        return font if fits else sized(font, font.pixelSize() * room / needed)

    def _label(self) -> None:
        assert self._plot is not None
        title, below = self._labels
        body, small = self._title_font(), letters(self, SMALL_PX)
        ink = self.palette().windowText().color().name()
        self._plot.setTitle(title, size=f"{body.pixelSize()}px", color=ink)
        self._plot.setLabel("bottom", below, **{"font-size": f"{small.pixelSize()}px", "color": ink})
        for side in SIDES:
            self._plot.getAxis(side).setStyle(tickFont=small)
        self._plot.setAccessibleName(title)
        if self._dots:
            self._item.setSymbolSize(round(DOT_PX * scale_of(self)))

    def _color(self) -> None:
        import pyqtgraph

        assert self._plot is not None and self._item is not None
        ink, paper = self.palette().windowText().color(), self.palette().base().color()
        self._plot.setBackground(paper)
        for side in SIDES:
            axis = self._plot.getAxis(side)
            axis.setPen(ink)
            axis.setTextPen(ink)
            axis.enableAutoSIPrefix(False)
        if self._bars:
            self._item.setOpts(brush=color("fill"), pen=color("fill"))
        else:
            self._item.setPen(pyqtgraph.mkPen(color("accent"), width=2))
            self._item.setSymbolPen(color("accent"))
            self._item.setSymbolBrush(color("accent"))
        self._label()
