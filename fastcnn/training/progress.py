"""Show the progress of a training: a live line on a terminal or in a notebook, and a plain line an epoch elsewhere.

Everything goes to stderr. If stderr breaks (the reader of a pipe has ended), the progress stops but the training goes
on.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from fastcnn.pace import format_duration
from fastcnn.training.history import Epoch

if TYPE_CHECKING:
    from rich.progress import Progress

MIN_INTERVAL_S = 0.2  # drawing takes about 2 ms, 1 % of this

log = logging.getLogger("fastcnn")


class Reporter:
    """Show the progress of a training. This is a context manager. With `active=False` it shows nothing."""

    def __init__(self, epochs: int, images_per_epoch: int, *, active: bool = True) -> None:
        self._epochs = epochs
        self._images_per_epoch = images_per_epoch
        self._broken = not active or sys.stderr is None
        self._bar: Progress | None = None
        self._validated = ""
        self._drawn = 0.0

    def show(self) -> None:
        """Show the progress from now on, where it was not active."""
        self._broken = sys.stderr is None
        self.__enter__()

    def __enter__(self) -> Reporter:
        if not self._broken and _can_redraw():
            self._bar = _make_bar()
            total = self._epochs * self._images_per_epoch
            self._bar.add_task("", total=total, text="starting; the first run compiles the kernels")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._bar is not None:
            try:
                self._bar.stop()
            except OSError:
                self._broken = True

    def is_due(self) -> bool:
        """Whether `batch` would draw now. If not, a loss on a GPU need not be copied from there."""
        return self._bar is not None and not self._broken and time.perf_counter() - self._drawn >= MIN_INTERVAL_S

    def batch(self, epoch: int, images: int, loss_sum: float, elapsed_s: float) -> None:
        """Note a batch, and draw the live line again if the last time was `MIN_INTERVAL_S` ago.

        epoch : the present epoch
        images, loss_sum, elapsed_s : the pictures done in it, the sum of their losses, and the time so far
        """
        if self._bar is None or not self.is_due():
            return
        self._drawn = time.perf_counter()
        images_per_second = images / elapsed_s if elapsed_s > 0 else 0.0
        done = (epoch - 1) * self._images_per_epoch + images
        left = (self._epochs * self._images_per_epoch - done) / images_per_second if images_per_second > 0 else 0.0
        text = f"epoch {epoch}/{self._epochs}  loss {loss_sum / images:.4f}{self._validated}"
        text += f"  {images_per_second:,.0f} images/s  {format_duration(left)} left"
        try:
            self._bar.update(self._bar.task_ids[0], completed=done, text=text)
            self._bar.refresh()
        except OSError:
            self._broken = True

    def epoch(self, record: Epoch) -> None:
        """Print one line for a finished epoch."""
        self._validated = record.validated
        if self._broken:
            return
        try:
            if self._bar is not None:
                self._bar.console.print(record.line(), highlight=False, soft_wrap=True)
            else:
                print(record.line(), file=sys.stderr, flush=True)
        except OSError:
            self._broken = True


def _can_redraw() -> bool:
    """Whether stderr is a terminal, or goes to a notebook that can replace what it shows: by rich with ipywidgets."""
    if sys.stderr.isatty():
        return True
    if "IPython" not in sys.modules or importlib.util.find_spec("ipywidgets") is None:
        return False
    from rich.console import Console

    return Console(stderr=True).is_jupyter


def _make_bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    # No thread refreshes the line: it would take time of the interpreter from the training loop.
    return Progress(
        TextColumn("{task.fields[text]}"),
        BarColumn(bar_width=20),
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
    )
