"""The page that shows the inside of the network: its filters, their results on this picture, and where it looked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PyQt5.QtCore import pyqtSignal
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.holder import Card
from fastcnn.gui.widgets.page import GRID, Page, Words, card
from fastcnn.gui.widgets.pixels import PixelLabel
from fastcnn.gui.widgets.scale import LEAST_BESIDE, scale_of
from fastcnn.gui.widgets.working import Working


class InsidePage(Page):
    """A `logic.inspector.InsideView`."""

    became_visible = pyqtSignal()
    has_cards = True

    def __init__(self, occlude: Callable[[], None]) -> None:
        super().__init__()
        self.maps, self.filters, self.heat = PixelLabel(self), PixelLabel(self), PixelLabel(self)
        for label, name in ((self.maps, "featureMaps"), (self.filters, "filters"), (self.heat, "occlusionMap")):
            label.setObjectName(name)
        self.working = Working("occlusion", self)
        self._below = QHBoxLayout()
        self._below.setSpacing(2 * GRID)
        self._below.addWidget(self._card("filtersCaption", self.filters), 3)
        self._below.addWidget(
            self._card("heatCaption", self.heat, self.working, self._button("occlusionButton", occlude)), 2
        )
        box = QVBoxLayout(self)
        box.setSpacing(2 * GRID)
        box.addWidget(self._card("mapsCaption", self.maps), 1)
        box.addLayout(self._below, 1)
        self.retranslate()

    def show_maps(self, maps: npt.NDArray[np.uint8] | None, filters: npt.NDArray[np.uint8] | None) -> None:
        """Show the feature maps of a picture and the network's filters."""
        self.maps.show_pixels(maps)
        self.filters.show_pixels(filters)

    def show_heat(self, heat: npt.NDArray[np.uint8] | None) -> None:
        """Show where the network looked, or nothing."""
        self.heat.show_pixels(heat)

    def show_progress(self, share: float | None) -> None:
        """Show how far the search for where it looked is, or that there is none."""
        self.working.show_share(share)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self.became_visible.emit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        ways = QHBoxLayout.Direction
        wide = self.width() >= LEAST_BESIDE * scale_of(self)
        self._below.setDirection(ways.LeftToRight if wide else ways.TopToBottom)

    def _card(self, heading: str, picture: PixelLabel, *below: QWidget) -> Card:
        made, caption = card(self), self._caption(heading)
        caption.setProperty("role", "heading")
        box = QVBoxLayout(made)
        box.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        box.setSpacing(GRID)
        box.addWidget(caption)
        box.addWidget(picture, 1)
        for widget in below:
            box.addWidget(widget)
        return made

    def _words(self) -> Words:
        return {
            "mapsCaption": (tr("What each filter of the convolution finds in this picture"), ""),
            "filtersCaption": (tr("The filters: orange adds, blue takes away"), ""),
            "heatCaption": (tr("Where it looked: without the red, the answer would suffer"), ""),
            "occlusionButton": (
                tr("W&here did it look?"),
                tr("Blacken the picture bit by bit and show in red where the answer suffers"),
            ),
            "featureMaps": (tr("Feature maps"), tr("What each filter of the convolution finds in this picture")),
            "filters": (tr("Filters"), tr("The first convolution's weights; of a committee, its first member's")),
            "occlusionMap": (tr("Where the network looked"), tr("Red: without this part the answer would suffer")),
        }
