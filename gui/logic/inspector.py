"""Decide what the page with the inside of the network shows: maps and filters, and where the network looked.

A search for where it looked has a number. It ends early if the user goes on, and then shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fastcnn.gui.logic import insight
from fastcnn.gui.logic.engine import Engine
from fastcnn.gui.logic.insight import Grey
from fastcnn.gui.logic.jobs import Jobs
from fastcnn.gui.logic.notices import Message, Notice, message
from fastcnn.gui.logic.turns import GoneOnError
from fastcnn.recognition.answer import Recognition


class InsideView(Protocol):
    """The functions of the page that the inspector needs."""

    def show_maps(self, maps: Grey | None, filters: Grey | None) -> None: ...
    def show_heat(self, heat: Grey | None) -> None: ...
    def show_progress(self, share: float | None) -> None: ...


class Inspector:
    """The decisions.

    Parameters
    ----------
    answer : gives the answer to the shown picture, if it is known
    watch : see `Presenter.watch`
    is_open : whether the user sees the page
    """

    def __init__(
        self,
        view: InsideView,
        engine: Engine,
        jobs: Jobs,
        *,
        answer: Callable[[], Recognition | None],
        watch: Callable[[], Callable[[], bool]],
        is_open: Callable[[], bool],
        tell: Callable[[Message], None],
    ) -> None:
        self._view, self._engine, self._jobs = view, engine, jobs
        self._answer, self._watch, self._is_open, self._tell = answer, watch, is_open, tell
        self._field: npt.NDArray[np.float32] | None = None  # the picture whose inside is shown
        self._newest = 0
        self._is_wanted: Callable[[], bool] | None = None  # of the search that runs

    def network_changed(self) -> None:
        """Another network answers: it has other maps and looks elsewhere."""
        self._field = None
        self._end()
        self.show()

    def show(self) -> None:
        """Show the results of the filters on the shown picture, if the page is open."""
        if self._is_wanted is not None and not self._is_wanted():
            self._end()
        if not self._is_open():
            return
        answer = self._answer()
        if answer is None:
            self._view.show_maps(None, None)
            self._view.show_heat(None)
            return
        engine, field = self._engine, answer.input
        if self._field is None or not np.array_equal(field, self._field):
            self._view.show_heat(None)  # it is that of another picture
        self._field = field

        def job() -> tuple[Grey | None, Grey | None]:
            maps, weights = insight.feature_maps(engine.network, field), insight.filters(engine.network)
            return (
                None if maps is None else insight.mosaic(maps),
                None if weights is None else insight.mosaic(weights, signed=True),
            )

        def done(shown: tuple[Grey | None, Grey | None]) -> None:
            if answer is self._answer():
                self._view.show_maps(*shown)

        self._jobs.replace(job, done)

    def look(self) -> None:
        """Find out where the network looked, and show it."""
        answer, engine = self._answer(), self._engine
        if answer is None or not answer.input.any():
            self._tell(message(Notice.NO_ANSWER))
            return
        if self._is_wanted is not None and self._is_wanted():
            return  # the same is being found out
        self._newest += 1
        number, self._is_wanted = self._newest, self._watch()
        field, digit = answer.input, int(answer.probabilities.argmax())
        self._view.show_progress(0.0)

        def told(share: float) -> None:
            if number != self._newest:
                raise GoneOnError
            self._jobs.post(lambda: self._progress(number, share))

        def job() -> Grey:
            with engine.turns.background(told) as turn:
                return insight.overlay(field, insight.occlusion(engine.snapshot(), field, digit, turn.next_piece))

        def done(heat: Grey) -> None:
            if number == self._newest and self._is_wanted is not None and self._is_wanted():
                self._end()
                self._view.show_heat(heat)

        def failed(_: Exception) -> bool:
            is_late = number != self._newest
            if not is_late:
                self._end()
            return not is_late

        self._jobs.submit(job, done, failed)

    def _progress(self, number: int, share: float) -> None:
        if number == self._newest:
            self._view.show_progress(share)

    def _end(self) -> None:
        self._newest += 1
        self._is_wanted = None
        self._view.show_progress(None)
