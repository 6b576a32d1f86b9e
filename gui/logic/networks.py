"""The networks that a user can choose, the facts about each, and the change from one to another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from fastcnn.gui.logic.engine import Engine
from fastcnn.gui.logic.jobs import Jobs
from fastcnn.gui.logic.notices import Message, Notice, message
from fastcnn.gui.logic.results import Results
from fastcnn.gui.logic.shelf import shelved, short_name
from fastcnn.zoo.networks import COMMITTEE, DEFAULT, PAPER

ACCURACY_KEY = "test_accuracy"  # in the metadata of a weights file, if its maker wrote it
# Of the bundled networks on MNIST's test pictures, which a test measures again.
MEASURED = {DEFAULT: 0.9967, PAPER: 0.9945, COMMITTEE: 0.9975}


@dataclass(frozen=True)
class Facts:
    """The facts about a network; None for what was not measured yet."""

    parameters: int
    file_bytes: int
    accuracy: float | None = None
    images_per_second: float | None = None
    picture_s: float | None = None


@dataclass(frozen=True)
class Tried:
    """The network in training that answers in place of the chosen one."""

    name: str
    epochs: int  # that are finished
    parameters: int
    accuracy: float | None = None  # on pictures that it has not trained on
    measured: float | None = None  # on MNIST's test pictures, at some moment since it is tried


class NetworksView(Protocol):
    """The functions of the window that the choice needs."""

    def show_networks(self, models: list[str], current: str) -> None: ...
    def show_facts(self, facts: Facts | None) -> None: ...
    def show_tried(self, tried: Tried | None) -> None: ...


def available() -> list[str]:
    """The bundled networks by name, then the user's own by path."""
    from fastcnn.zoo.bundled import bundled, find_model
    from fastcnn.zoo.networks import BUNDLED

    ours = [name for name in BUNDLED if find_model(bundled(name))[1].is_file()]
    return [*ours, *map(str, shelved())]


def facts_of(engine: Engine) -> Facts:
    """The facts in the file of the network in use."""
    from fastcnn.storage import read_arrays
    from fastcnn.zoo.bundled import find_model

    name, path = find_model(engine.word)
    stored = read_arrays(path)[1].get(ACCURACY_KEY, "")
    try:
        accuracy = float(stored)
    except ValueError:
        accuracy = -1.0
    known = accuracy if 0 <= accuracy <= 1 else MEASURED.get(name)
    return Facts(engine.recognizer.network.parameter_count, path.stat().st_size, known)


class Networks:
    """Changes the network in use.

    Parameters
    ----------
    answers : the queue that recognizes. A change waits for earlier answers; later answers are those of the new network
    changed : called when another network is in use
    """

    def __init__(
        self,
        view: NetworksView,
        engine: Engine,
        answers: Jobs,
        *,
        tell: Callable[[Message], None],
        changed: Callable[[], None],
    ) -> None:
        self._view, self._engine, self._answers = view, engine, answers
        self._tell, self._changed = tell, changed
        self._opened: list[str] = []
        self._coming: list[str] = []  # the networks that are being loaded; the last one was chosen last
        self._waiting: list[Callable[[], None]] = []  # for them
        self._facts: Facts | None = None
        self._tried: Tried | None = None

    def refresh(self) -> None:
        """Show the list again, with the facts about the network in use."""
        current = self.in_use()
        models = available()
        self._opened = [model for model in self._opened if Path(model).is_file()]
        models += [model for model in self._opened if model not in models]
        if current not in models:
            models.append(current)
        self._view.show_networks(models, current)
        self._view.show_facts(self._facts)

    def loaded(self) -> None:
        """The network in use is loaded: read the facts in its file."""
        self._answers.submit(lambda: facts_of(self._engine), self._learn_facts)
        self._prepare()
        self.refresh()

    def choose(self, model: str, *, again: bool = False) -> None:
        """Use this network, a name or a path. If it cannot be loaded, the old one stays.

        The keyword says that the file of the network in use has changed and must be read again.
        """
        newest = self._coming[-1] if self._coming else self.in_use()
        if model == newest and self._facts is not None and not again:
            return
        self._coming.append(model)

        def done(facts: Facts) -> None:
            if Path(model).suffix and model not in self._opened:
                self._opened.append(model)
            self._learn_facts(facts)
            self.refresh()
            self._tell(message(Notice.NETWORK_IN_USE, name=short_name(model)))
            self._changed()
            self._prepare()
            self._has_come()

        def failed(error: Exception) -> bool:
            self.refresh()
            self._has_come()
            return True

        def load() -> Facts:
            self._engine.load(model)
            return facts_of(self._engine)

        self._answers.submit(load, done, failed)

    def _prepare(self) -> None:
        """After what was already asked for, so that the first answer does not wait."""
        self._answers.submit(self._engine.prepare, lambda _: None)

    def ready(self, then: Callable[[], None]) -> None:
        """Call `then` now; if a network is being loaded, when that one has answered to the shown picture."""
        if self._coming:
            self._waiting.append(then)
        else:
            then()

    def _has_come(self) -> None:
        """The first of the networks that are being loaded is in use, or cannot be loaded."""
        self._coming.pop(0)
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            self._answers.submit(lambda: None, lambda _, then=then: self.ready(then))  # type: ignore[misc]

    def moved(self, old: str, new: str) -> None:
        """The network in the file `old` is now in `new`, which may have held another one."""
        if self._engine.model in (old, new):
            self.choose(new, again=True)
        else:
            self.refresh()

    def measured(self, results: Results) -> None:
        """Note the accuracy and speed of the network that answers."""
        if self._tried is not None:
            self.tried(replace(self._tried, measured=results.evaluation.accuracy))
            return
        facts = self._facts or Facts(0, 0)
        self._learn_facts(
            replace(
                facts,
                accuracy=results.evaluation.accuracy,
                images_per_second=results.images_per_second,
                picture_s=results.picture_s,
            )
        )

    def tried(self, tried: Tried | None) -> None:
        """Show the facts about the network that is tried, or those of the chosen network again."""
        if tried is not None and tried.measured is None and self._tried is not None:
            tried = replace(tried, measured=self._tried.measured)
        self._tried = tried
        self._view.show_tried(tried)

    def in_use(self) -> str:
        """The name or path of the chosen network."""
        from fastcnn.zoo.bundled import UnknownModelError, find_model

        try:
            return find_model(self._engine.word)[0]
        except UnknownModelError:  # the network of the last session is gone; the default will replace it soon
            return self._engine.model

    def _learn_facts(self, facts: Facts) -> None:
        self._facts = facts
        self._view.show_facts(facts)
