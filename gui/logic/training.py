"""Decide about training in the window: start, pause, stop, go on, and try the network during its training."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fastcnn.gui.logic import shelf
from fastcnn.gui.logic.engine import Engine, training_pictures
from fastcnn.gui.logic.folders import session_folder
from fastcnn.gui.logic.jobs import Jobs
from fastcnn.gui.logic.networks import Tried
from fastcnn.gui.logic.notices import Message, Notice, message
from fastcnn.gui.logic.shelf import SUFFIX, own_networks, short_name
from fastcnn.gui.logic.training_run import CannotGoOnError, Curves, Run, StoppedError

if TYPE_CHECKING:
    from fastcnn.network.sequential import Sequential
    from fastcnn.training.history import History

NAME = "trained-here"


class State(Enum):
    """The state of the training."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"  # it can go on
    DONE = "done"


class TrainingView(Protocol):
    """The functions of the page that the training needs. The page reads `Training.curves` itself while it runs."""

    def show_state(self, state: State) -> None: ...


class Training:
    """One training at a time.

    Parameters
    ----------
    jobs : the queue that trains
    saved : called with the file of the trained network, and with that to which it has moved since
    changed : called when another network answers: the one in training, or the chosen one again
    improved : called when the network in training answers and has trained further
    tried : called with the facts about the network in training, while it answers; then with None
    """

    def __init__(
        self,
        view: TrainingView,
        engine: Engine,
        jobs: Jobs,
        *,
        tell: Callable[[Message], None],
        saved: Callable[[str, str], None],
        changed: Callable[[], None],
        improved: Callable[[], None],
        tried: Callable[[Tried | None], None],
    ) -> None:
        self._view, self._engine, self._jobs = view, engine, jobs
        self._tell, self._saved, self._changed = tell, saved, changed
        self._improved, self._show_tried = improved, tried
        self._run: Run | None = None
        self._trying = False
        self.network: Path | None = None  # the file of the last network that was trained
        self.state = State.IDLE
        self.curves = Curves()

    @staticmethod
    def checkpoint() -> Path:
        """The checkpoint of an unfinished training."""
        return session_folder() / f"training.checkpoint{SUFFIX}"

    @staticmethod
    def target() -> Path:
        """The file of the first trained network. Later ones have a number."""
        return own_networks() / f"{NAME}{SUFFIX}"

    @property
    def is_active(self) -> bool:
        """Whether a training runs, pauses or is about to stop."""
        return self.state in (State.RUNNING, State.PAUSED, State.STOPPING)

    def restore(self) -> None:
        """Offer to go on with a training that was interrupted in an earlier session."""
        self._enter(State.STOPPED if self.checkpoint().exists() else State.IDLE)

    def start(self, epochs: int) -> None:
        """Train a new network from the beginning."""
        if not self.is_active:
            self.curves = Curves()
            self._begin(epochs, resume=False)

    def resume(self) -> None:
        """Go on after a pause or a stop."""
        if self.state is State.PAUSED and self._run is not None:
            self._run.go_on()
            self._enter(State.RUNNING)
        elif self.state is State.STOPPED:
            self._begin(0, resume=True)

    def pause(self) -> None:
        """Pause before the next step."""
        if self.state is State.RUNNING and self._run is not None:
            self._run.pause()
            self._enter(State.PAUSED)

    def stop(self) -> None:
        """End before the next step. The last finished epoch is kept."""
        if self.state in (State.RUNNING, State.PAUSED) and self._run is not None:
            self._enter(State.STOPPING)
            self._run.stop()

    def finish_epoch(self) -> None:
        """Stop when the present epoch is finished and kept, even after a pause."""
        if self.state in (State.RUNNING, State.PAUSED) and self._run is not None:
            self._enter(State.STOPPING)
            self._run.finish_epoch()

    def name_it(self, name: str) -> None:
        """Give the trained network a name. No other network loses its file."""
        self._move(lambda path: shelf.rename(path, name), Notice.NETWORK_NAMED)

    def replace(self, other: Path) -> None:
        """Put the trained network in the place of an older one, which the user gives up."""
        self._move(lambda path: shelf.replace(path, other), Notice.NETWORK_REPLACED)

    def others(self) -> list[Path]:
        """The networks that the trained one may replace."""
        return [path for path in shelf.shelved() if path != self.network]

    def tell_nothing_to_replace(self) -> None:
        """There is no older network."""
        self._tell(message(Notice.NOTHING_TO_REPLACE))

    def _move(self, move: Callable[[Path], Path], told: Notice) -> None:
        old = self.network
        if old is None:
            return

        def done(new: Path) -> None:
            self.network = new
            self._saved(str(old), str(new))
            self._tell(message(told, name=short_name(str(new))))

        self._jobs.keep(lambda: move(old), done)

    def try_it(self, on: bool) -> None:
        """Let the network in training answer, now and as it improves; or the chosen network again."""
        self._trying = on
        self._answer_by(self._preview if on else None)
        self._changed()
        if on and self._preview is None:
            self._tell(message(Notice.NOTHING_TO_TRY))
        else:
            self._tell(message(Notice.TRYING if on else Notice.NOT_TRYING))

    def look(self) -> None:
        """Called from time to time during a training. Its network exists from the first step on, and changes."""
        if self._trying and self.state is State.RUNNING:
            self._answer_by(self._preview)
            self._improved()

    @property
    def _preview(self) -> Sequential | None:
        return self._run.preview if self._run is not None else None

    def _answer_by(self, network: Sequential | None) -> None:
        if network is None:
            self._engine.use(None)
            self._show_tried(None)
            return
        file = self.network if self.state is State.DONE and self.network is not None else self.target()
        name, epochs = short_name(str(file)), len(self.curves.epochs)
        accuracy = self.curves.accuracies[-1] if self.curves.accuracies else None
        self._engine.use(network, name)
        self._show_tried(Tried(name, epochs, network.parameter_count, accuracy))

    def _begin(self, epochs: int, *, resume: bool) -> None:
        run = Run(self.checkpoint(), self.target(), self.curves, self._engine.turns)
        self._run = run
        self._enter(State.RUNNING)

        def done(history: History) -> None:
            self.network = run.saved
            self._enter(State.DONE)
            accuracy = f"{history.validation_accuracy or 0.0:.2%}"
            self._tell(message(Notice.TRAINING_DONE, accuracy=accuracy, name=short_name(str(run.saved))))
            self._saved(str(run.saved), str(run.saved))

        def job() -> History:
            with self._engine.turns.background() as turn:
                pictures = training_pictures(turn.next_piece)
            return run.train(epochs, pictures, resume=resume)

        self._jobs.submit(job, done, self._failed)

    def _failed(self, error: Exception) -> bool:
        self._enter(State.STOPPED if self.checkpoint().exists() else State.IDLE)
        if isinstance(error, CannotGoOnError) and self._run is not None:
            self._saved(str(self._run.saved), str(self._run.saved))  # into the list of networks
        stopped = isinstance(error, StoppedError)
        if stopped:
            self._tell(message(Notice.TRAINING_STOPPED))
        return not stopped

    def _enter(self, state: State) -> None:
        self.state = state
        self._view.show_state(state)
