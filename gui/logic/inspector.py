"""Decide what the page with the inside of the network shows: maps and filters, and where the network looked."""

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
from fastcnn.gui.logic.search import Search
from fastcnn.gui.logic.turns import Between
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
    jobs, searching : the queues for what is quick, and for searches
    answer : gives the answer to the shown picture, if it is known
    watch : see `Presenter.watch`
    ready : see `Networks.ready`
    is_open : whether the user sees the page
    """

    def __init__(
        self,
        view: InsideView,
        engine: Engine,
        jobs: Jobs,
        searching: Jobs,
        *,
        answer: Callable[[], Recognition | None],
        watch: Callable[[], Callable[[], bool]],
        ready: Callable[[Callable[[], None]], None],
        is_open: Callable[[], bool],
        tell: Callable[[Message], None],
    ) -> None:
        self._view, self._engine, self._jobs = view, engine, jobs
        self._answer, self._watch, self._ready, self._is_open, self._tell = answer, watch, ready, is_open, tell
        self._field: npt.NDArray[np.float32] | None = None  # the picture whose inside is shown
        self._search = Search(searching, engine.turns, lambda share: view.show_progress(share))
        self._is_wanted: Callable[[], bool] = watch()  # whether the user still waits for the search

    def network_changed(self) -> None:
        """Another network answers: it has other maps and looks elsewhere."""
        self._field = None
        self._search.end()
        self.show()

    def show(self) -> None:
        """Show the results of the filters on the shown picture, if the page is open."""
        if self._search.runs and not self._is_wanted():
            self._search.end()
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
        is_wanted = self._watch()
        self._ready(lambda: self._look(is_wanted) if is_wanted() else None)

    def _look(self, is_wanted: Callable[[], bool]) -> None:
        answer, engine = self._answer(), self._engine
        if answer is None or not answer.input.any():
            self._tell(message(Notice.NO_ANSWER))
            return
        if self._search.runs:
            return  # the same is being found out
        self._is_wanted = is_wanted
        field, digit = answer.input, int(answer.probabilities.argmax())

        def find(between: Between) -> Grey:
            return insight.overlay(field, insight.occlusion(engine.snapshot(), field, digit, between))

        self._search.start(find, lambda heat: self._view.show_heat(heat) if is_wanted() else None)
