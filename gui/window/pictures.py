"""Open, drop, paste and save pictures of the drawing field. Jobs read and write the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PyQt5.QtCore import QBuffer, QMimeData, QSize, QTimer
from PyQt5.QtGui import QImage, QImageReader
from PyQt5.QtWidgets import QApplication, QFileDialog, QInputDialog, QWidget

from fastcnn.errors import FastcnnError
from fastcnn.gui.logic import placing
from fastcnn.gui.logic.jobs import Jobs
from fastcnn.gui.logic.notices import Message, Notice, message
from fastcnn.gui.logic.shelf import SUFFIX
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.canvas import Canvas, to_array
from fastcnn.gui.widgets.page import ask, choose_target

PATTERN = "*.png *.jpg *.jpeg *.bmp *.gif *.tif *.tiff *.webp *.ppm *.pgm"


class Pictures:
    """Connects a canvas with files, drops and the clipboard.

    Parameters
    ----------
    jobs : the queue that reads and writes files
    tell : shows a message
    watch : see `Presenter.watch`
    show_canvas : makes the canvas visible before a picture is put on it
    use_network : called with a weights file that the user wants to use
    check_target : raises an error if a file must not be replaced; called in a job
    """

    def __init__(
        self,
        canvas: Canvas,
        jobs: Jobs,
        tell: Callable[[Message], None],
        watch: Callable[[], Callable[[], bool]],
        show_canvas: Callable[[], None],
        check_target: Callable[[str | Path], None],
        use_network: Callable[[str], None],
    ) -> None:
        self._canvas, self._jobs, self._tell = canvas, jobs, tell
        self._watch = watch
        self._newest = 0  # counts the pictures that were asked for; only the newest one is shown
        self._show_canvas, self._check_target = show_canvas, check_target
        self._use_network = use_network

    def choose(self) -> None:
        """Ask for a picture file and open it."""
        filters = tr("Pictures ({patterns})").format(patterns=PATTERN)
        path, _ = QFileDialog.getOpenFileName(self._parent, tr("Open picture"), "", filters)
        if path:
            self.open(path)

    def open(self, path: str | Path, then: Message | None = None) -> None:
        """Put a picture file on the canvas, and then show a message."""
        self._read(lambda: placing.open_and_place(path), then)

    def paste(self) -> None:
        """Put the picture in the clipboard on the canvas."""
        clipboard = QApplication.clipboard()
        self.take(None if clipboard is None else clipboard.mimeData())

    def take(self, mime: QMimeData | None) -> None:
        """Put a dropped or pasted picture on the canvas, or say why that is impossible. Of several, ask which one."""
        addresses = [] if mime is None else mime.urls()
        files = [url.toLocalFile() for url in addresses if url.isLocalFile()]
        if len(addresses) == 1 and files and not files[0].endswith(SUFFIX):
            self.open(files[0])
        elif files:  # ask later: the program from which they come waits for the end of the drop
            QTimer.singleShot(0, lambda: self._ask_about(files, len(addresses)))
        elif mime is not None and (found := _encoded(mime)):
            self._read(lambda: _place_copied(_decode(found)))
        elif mime is not None and mime.hasImage():
            image = QImage(mime.imageData())
            self._read(lambda: _place_copied(image))
        else:
            self._tell(message(Notice.HOLDS_NO_PICTURE))

    def _ask_about(self, files: list[str], count: int) -> None:
        """Open one of the files, which may be a network. `count` is the number of all things that were dropped."""
        path = files[0] if len(files) == 1 else self._choose_one(files)
        if path is None:
            return
        name = Path(path).name
        if path.endswith(SUFFIX):
            question = tr("{name} is the file of a network, not a picture. Use this network?").format(name=name)
            if ask(self._parent, tr("Open network"), question):
                self._use_network(path)
            return
        self.open(path, message(Notice.ONE_PICTURE_TAKEN, name=name, count=count - 1) if count > 1 else None)

    def _choose_one(self, files: list[str]) -> str | None:
        names = [f"{number}  {Path(path).name}" for number, path in enumerate(files, 1)]
        name, chosen = QInputDialog.getItem(
            self._parent, tr("Several files"), tr("One picture at a time. Which one?"), names, 0, False
        )
        return files[names.index(name)] if chosen else None

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

        def job() -> Path:
            self._check_target(path)
            return placing.save(plane, path)

        self._jobs.keep(job, self._saved)

    @property
    def _parent(self) -> QWidget:
        return self._canvas.window() or self._canvas

    def _saved(self, path: Path) -> None:
        self._tell(message(Notice.SAVED, path=path))

    def _read(self, job: Callable[[], npt.NDArray[np.uint8]], then: Message | None = None) -> None:
        """Place the result of a job, unless the user draws or shows something else meanwhile."""
        self._newest += 1
        request, is_wanted = self._newest, self._watch()

        def done(field: npt.NDArray[np.uint8]) -> None:
            if request != self._newest:
                return
            if not is_wanted():
                self._tell(message(Notice.PICTURE_TOO_LATE))
                return
            self._place(field, then)

        self._jobs.submit(job, done)

    def _place(self, field: npt.NDArray[np.uint8], then: Message | None = None) -> None:
        self._show_canvas()
        self._canvas.place(field)
        if then is not None:
            self._tell(then)


def _encoded(mime: QMimeData) -> bytes:
    """A picture as the content of a file, if another program gives that. Its size is known before it is decoded."""
    for form in sorted(mime.formats(), key=lambda form: form != "image/png"):  # PNG first, it keeps transparent parts
        content = bytes(mime.data(form).data()) if form.startswith("image/") else b""
        buffer = _buffer(content)
        if content and QImageReader(buffer).canRead():
            return content
    return b""


def _buffer(content: bytes) -> QBuffer:
    buffer = QBuffer()
    buffer.setData(content)
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    return buffer


def _decode(content: bytes) -> QImage:
    buffer = _buffer(content)  # must live as long as its reader
    reader = QImageReader(buffer)
    if not reader.size().isValid():  # it would be known only after decoding
        return QImage()
    _check_size(reader.size())
    return reader.read()


def _place_copied(image: QImage) -> npt.NDArray[np.uint8]:
    """The job: prepare it like the picture of a file, with transparent parts."""
    if image.isNull():
        raise FastcnnError("the copied picture cannot be read; save it as a file and open that")
    _check_size(image.size())
    return placing.place(to_array(image))


def _check_size(size: QSize) -> None:
    from PIL import Image

    limit = Image.MAX_IMAGE_PIXELS or 0  # the limit for files
    if size.width() * size.height() > limit:
        raise FastcnnError(
            "the copied picture has more than {limit} million pixels; shrink it first", limit=limit // 1_000_000
        )
