"""Lead through a lesson: each step shows its picture and its station, in its network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from fastcnn.gui.logic.lesson.files import Lesson, Step, read_lesson
from fastcnn.gui.logic.lesson.shown import Place
from fastcnn.gui.logic.lesson.stages import Kind


class GuideView(Protocol):
    """The functions of the page that the guide needs."""

    def show_step(self, lesson: Lesson | None, position: int) -> None: ...


class Guide:
    """The decisions.

    Parameters
    ----------
    go_to : shows a test picture by its number
    use : changes the network in use, by its name
    want : opens the first station of a kind, or the present one, at a place; the rest of the place stays
    """

    def __init__(
        self,
        view: GuideView,
        *,
        go_to: Callable[[int], None],
        use: Callable[[str], None],
        want: Callable[[Kind | None, Place], None],
    ) -> None:
        self._view, self._go_to, self._use, self._want = view, go_to, use, want
        self.lesson: Lesson | None = None
        self.position = 0

    @property
    def step(self) -> Step | None:
        """The present step."""
        return None if self.lesson is None else self.lesson.steps[self.position]

    def start(self, path: Path) -> None:
        """Begin a lesson; FastcnnError or OSError if it cannot be read."""
        self.lesson = read_lesson(path)
        self._go(0)

    def go(self, by: int) -> None:
        """Go to the step after this one, or to one before."""
        if self.lesson is not None:
            self._go(min(max(self.position + by, 0), len(self.lesson.steps) - 1))

    def end(self) -> None:
        """End the lesson. What is shown stays."""
        self.lesson, self.position = None, 0
        self._view.show_step(None, 0)

    def _go(self, position: int) -> None:
        assert self.lesson is not None
        self.position = position
        step = self.lesson.steps[position]
        if step.network is not None:
            self._use(step.network)
        if step.picture is not None:
            self._go_to(step.picture)
        if step.station is not None or step.unit is not None:
            self._want(step.station, Place(0, step.unit or 0, step.row or 0, step.column or 0))
        self._view.show_step(self.lesson, position)
