"""Pictures in and out of the drawing field: opened, dropped, pasted, saved. Files are read and written in jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PyQt5.QtCore import QMimeData
from PyQt5.QtGui import QImage, QPainter
from PyQt5.QtWidgets import QApplication, QFileDialog, QWidget

from fastcnn.gui.canvas import Canvas, to_array
from fastcnn.gui.language import tr
from fastcnn.gui.logic import placing
from fastcnn.gui.logic.jobs import Jobs
from fastcnn.gui.logic.notices import Message, Notice, message
from fastcnn.gui.widgets.page import choose_target

PATTERN = "*.png *.jpg *.jpeg *.bmp *.gif *.tif *.tiff *.webp *.ppm *.pgm"


class Pictures:
    """Connects a canvas with files, drops and the clipboard.

    Parameters
    ----------
    jobs : where files are read and written
    tell : shows a message
    show_canvas : makes the canvas visible before a picture is put on it
    """

    def __init__(self, canvas: Canvas, jobs: Jobs, tell: Callable[[Message], None], show_canvas: Callable[[], None]):
        self._canvas, self._jobs, self._tell, self._show_canvas = canvas, jobs, tell, show_canvas

    def choose(self) -> None:
        """Ask for a picture file and open it."""
        filters = tr("Pictures ({patterns})").format(patterns=PATTERN)
        path, _ = QFileDialog.getOpenFileName(self._parent, tr("Open picture"), "", filters)
        if path:
            self.open(path)

    def open(self, path: str | Path) -> None:
        """Put a picture file on the canvas."""
        self._jobs.submit(lambda: placing.open_and_place(path), self._place)

    def paste(self) -> None:
        """Put the picture in the clipboard on the canvas."""
        clipboard = QApplication.clipboard()
        self.take(None if clipboard is None else clipboard.mimeData())

    def take(self, mime: QMimeData | None) -> None:
        """Put what was dropped or pasted on the canvas, or say that it is no picture."""
        files = [] if mime is None else [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
        image = QImage(mime.imageData()) if mime is not None and mime.hasImage() else QImage()
        if files:
            self.open(files[0])
        elif not image.isNull():
            self._jobs.submit(lambda: placing.place(to_array(_on_paper(image))), self._place)
        else:
            self._tell(message(Notice.HOLDS_NO_PICTURE))

    def choose_target(self) -> None:
        """Ask where to save the drawing and save it."""
        if self._canvas.is_blank:
            self._tell(message(Notice.NOTHING_DRAWN))
            return
        path = choose_target(self._parent, tr("Save drawing"), tr("PNG picture (*.png)"), ".png")
        if path:
            self.save(path)

    def save(self, path: str | Path) -> None:
        """Save the drawing as a PNG."""
        plane = self._canvas.array()
        self._jobs.submit(lambda: placing.save(plane, path), self._saved)

    @property
    def _parent(self) -> QWidget:
        return self._canvas.window() or self._canvas

    def _saved(self, path: Path) -> None:
        self._tell(message(Notice.SAVED, path=path))

    def _place(self, field: npt.NDArray[np.uint8]) -> None:
        self._show_canvas()
        self._canvas.place(field)


def _on_paper(image: QImage) -> QImage:
    """Transparent parts of a copied picture are white paper."""
    opaque = QImage(image.size(), QImage.Format.Format_RGB32)
    opaque.fill(0xFFFFFFFF)
    painter = QPainter(opaque)
    painter.drawImage(0, 0, image)
    painter.end()
    return opaque
