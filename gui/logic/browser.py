"""Browse the test pictures that the network in use reads wrong: all of them, or one kind of mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fastcnn.gui.logic.jobs import Jobs
from fastcnn.gui.logic.notices import Message, Notice, message
from fastcnn.gui.logic.results import Results
from fastcnn.gui.logic.search import Search
from fastcnn.gui.logic.turns import Between, Turns


class BrowserView(Protocol):
    """The functions of the page that the browser needs."""

    def show_results(self, results: Results | None) -> None: ...
    def show_position(self, position: int, count: int) -> None: ...


class Browser:
    """Shows one picture of a list after the other.

    Parameters
    ----------
    read : reads all test pictures with the network in use; slow, so it is called in a job
    watch, ready : see `Presenter.watch` and `Networks.ready`
    go_to : shows test picture number n and recognizes it
    measuring : called with the share of the pictures that are read; None when none are being read
    measured : called with new results
    """

    def __init__(
        self,
        view: BrowserView,
        jobs: Jobs,
        turns: Turns,
        read: Callable[[Between], Results],
        *,
        watch: Callable[[], Callable[[], bool]],
        ready: Callable[[Callable[[], None]], None],
        go_to: Callable[[int], None],
        tell: Callable[[Message], None],
        measuring: Callable[[float | None], None],
        measured: Callable[[Results], None],
    ) -> None:
        self._view, self._read = view, read
        self._watch, self._ready = watch, ready
        self._go_to, self._tell, self._measured = go_to, tell, measured
        self._search = Search(jobs, turns, measuring)
        self._results: Results | None = None
        self._then: tuple[Callable[[Results], None], Callable[[], bool]] | None = None  # what was asked for last
        self._chosen: list[int] | None = None  # None means all mistakes
        self._position = -1

    def measure(self) -> None:
        """Read all test pictures, even if they were read before, and show the confusion matrix."""
        self._with_results(lambda results: None, again=True)

    def step(self, by: int = 1) -> None:
        """Show the next mistake, or the one before. After the last comes the first."""
        self._with_results(lambda results: self._step(results, by))

    def choose(self, true: int, answer: int) -> None:
        """From now on browse the pictures of `true` that are read as `answer`, and show the first."""

        def chosen(results: Results) -> None:
            numbers = results.confusions(true, answer)
            if not numbers:
                self._tell(message(Notice.NO_SUCH_CONFUSION, true=true, answer=answer))
                return
            self._chosen, self._position = numbers, -1
            self._step(results, 1)

        self._with_results(chosen)

    def choose_all(self) -> None:
        """From now on browse all mistakes again."""
        self._chosen, self._position = None, -1
        self.step(1)

    def network_changed(self) -> None:
        """Forget the results: another network makes other mistakes."""
        self._results, self._chosen, self._position = None, None, -1
        self._view.show_results(None)
        self._search.end()

    def _step(self, results: Results, by: int) -> None:
        numbers = results.mistakes if self._chosen is None else self._chosen
        if not numbers:
            self._tell(message(Notice.NO_MISTAKES))
            return
        start = self._position if self._position >= 0 else (-1 if by > 0 else 0)
        self._position = (start + by) % len(numbers)
        self._go_to(numbers[self._position])
        self._view.show_position(self._position + 1, len(numbers))
        self._tell(message(Notice.MISTAKE_SHOWN, position=self._position + 1, count=len(numbers)))

    def _with_results(self, then: Callable[[Results], None], *, again: bool = False) -> None:
        is_wanted = self._watch()

        def go_on() -> None:
            if self._results is not None and not again:
                self._show(self._results, then, is_wanted)
                return
            self._then = then, is_wanted
            self._tell(message(Notice.MEASURING))
            if not self._search.runs:
                self._search.start(self._read, self._found)

        self._ready(go_on)

    def _found(self, results: Results) -> None:
        self._results = results
        self._view.show_results(results)
        self._measured(results)
        assert self._then is not None
        self._show(results, *self._then)

    @staticmethod
    def _show(results: Results, then: Callable[[Results], None], is_wanted: Callable[[], bool]) -> None:
        if is_wanted():  # else the user has gone on, and is not pulled back
            then(results)
