"""A search that takes seconds: it shows how far it is, and ends early when the user goes on."""

from __future__ import annotations

from collections.abc import Callable

from fastcnn.gui.logic.jobs import Jobs, T
from fastcnn.gui.logic.turns import Between, GoneOnError, Turns


class Search:
    """One search at a time.

    Parameters
    ----------
    turns : a search is work in the background
    show : called with the share that is done; with None when nothing is searched for
    """

    def __init__(self, jobs: Jobs, turns: Turns, show: Callable[[float | None], None]) -> None:
        self._jobs, self._turns, self._show = jobs, turns, show
        self._newest = 0  # counts the searches and their ends, so that a late one is known
        self.runs = False

    def start(self, find: Callable[[Between], T], found: Callable[[T], None]) -> None:
        """Call `find` in a job, with what it calls between two pieces, and then `found`. An earlier search ends."""
        self._newest += 1
        number, self.runs = self._newest, True
        self._show(0.0)

        def told(share: float) -> None:
            if number != self._newest or self._turns.closed:
                raise GoneOnError
            self._jobs.post(lambda: self._show(share) if number == self._newest else None)

        def job() -> T:
            with self._turns.background(told) as turn:
                return find(turn.next_piece)

        def done(result: T) -> None:
            if number == self._newest:
                self.end()
                found(result)

        def failed(_: Exception) -> bool:
            is_late = number != self._newest
            if not is_late:
                self.end()
            return not is_late

        self._jobs.submit(job, done, failed)

    def end(self) -> None:
        """Forget the search that runs."""
        self._newest += 1
        self.runs = False
        self._show(None)
