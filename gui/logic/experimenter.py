"""Lead the user through an experiment: ask for digits or draw them, keep every answer on disk, go on after a break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from fastcnn.gui.logic import experiments
from fastcnn.gui.logic.engine import Engine, Pictures, Set
from fastcnn.gui.logic.experiment import HAND, MNIST, Session
from fastcnn.gui.logic.jobs import Jobs
from fastcnn.gui.logic.notices import Message, Notice, message
from fastcnn.recognition.experiment import Trial
from fastcnn.storage import atomic_write


class ExperimentView(Protocol):
    """The functions of the page that an experiment needs."""

    def show_session(self, session: Session | None, *, running: bool) -> None: ...
    def show_kept(self, sessions: list[Session], chosen: int | None) -> None: ...


class Experimenter:
    """Runs one session at a time.

    Parameters
    ----------
    answers, work : the queues for jobs that the pen waits for, and for all other jobs
    drawing : gives a copy of the drawing, or None if there is none
    prepare : makes the window ready for the next digit of a mode: clears the canvas, or leaves it. If it is called with
        True, it shows the canvas too
    watch : see `Presenter.watch`
    """

    def __init__(
        self,
        view: ExperimentView,
        engine: Engine,
        answers: Jobs,
        work: Jobs,
        pictures: Callable[[], Set],
        *,
        drawing: Callable[[], Pictures | None],
        prepare: Callable[[bool], None],
        watch: Callable[[], Callable[[], bool]],
        tell: Callable[[Message], None],
        rng: np.random.Generator | None = None,
    ) -> None:
        self._view, self._engine, self._answers, self._work = view, engine, answers, work
        self._pictures, self._drawing, self._prepare, self._tell = pictures, drawing, prepare, tell
        self._watch = watch
        self._rng = rng
        self._waiting = False  # whether the answer to the last digit is still to come
        self._request = 0  # counts the changes of session and each break, so that late answers are dropped
        self.session: Session | None = None
        self._file: Path | None = None  # of the session
        self._kept: list[tuple[Path, Session]] = []  # in the order in which they were begun or read
        self._refused: set[Path] = set()  # of sessions whose last answers could not be written
        self._writing = 0  # answers that are being written
        self.running = False

    @property
    def is_writing(self) -> bool:
        """Whether answers are being written."""
        return self._writing > 0

    @property
    def is_refused(self) -> bool:
        """Whether answers could not be written. The user was told why."""
        return bool(self._refused)

    def write_again(self) -> None:
        """Write the sessions whose last answers could not be written, as they are now."""
        for file, session in self._kept:
            if file in self._refused:
                self._write(file, session)

    def restore(self) -> None:
        """Show the last session, finished or interrupted, and list the others."""
        self._kept = list(experiments.kept())
        if not self._kept:
            return
        self.open(len(self._kept) - 1)
        session = self._kept[-1][1]
        if not session.is_done:
            self._tell(message(Notice.EXPERIMENT_KEPT, number=len(session.trials), count=session.total))

    def start(self, mode: str, groups: int, size: int) -> None:
        """Begin a new session. The old one is kept, and can be opened again."""
        self._take_over(experiments.new_file(file for file, _ in self._kept), Session(mode, groups, size))
        self.resume()

    def open(self, number: int) -> None:
        """Show one of the kept sessions. It can go on if it was interrupted."""
        self._take_over(*self._kept[number])

    def resume(self) -> None:
        """Go on with the session."""
        session = self.session
        if session is None or session.is_done or self.running:
            return
        self.running = True
        self._show()
        if session.mode == HAND:
            self._ask(show=True)
        else:
            self._next_group(session)

    def interrupt(self) -> None:
        """Interrupt the session. It can go on later."""
        self._break()
        self._show()

    def take(self) -> None:
        """Recognize and note the digit that the user has drawn."""
        session, plane = self.session, self._drawing()
        if session is None or not self.running or session.mode != HAND:
            self._tell(message(Notice.NO_EXPERIMENT))
            return
        if self._waiting:
            return
        if plane is None:
            self._tell(message(Notice.NOTHING_DRAWN))
            return
        truth, request, is_watched = session.asked_digit, self._request, self._watch()
        self._waiting = True

        def job() -> Trial:
            answer = self._engine.recognize(plane)
            return Trial(truth, answer.digit, answer.confidence, self._engine.name)

        def done(trial: Trial) -> None:
            if request == self._request:
                self._waiting = False
                session.add(trial)
                self._noted(session)
                self._ask(show=is_watched())

        def failed(error: Exception) -> bool:
            if request == self._request:
                self._waiting = False
            return True

        self._answers.submit(job, done, failed)

    def export(self, path: str | Path) -> None:
        """Write the answers as CSV."""
        if self.session is not None:
            session = self.session.copy()
            self.save(path, lambda: session.to_csv().encode(errors="replace"))

    def save(self, path: str | Path, content: Callable[[], bytes]) -> None:
        """Write a file with a content that takes some time to make."""

        def job() -> None:
            self._engine.check_target(path)
            atomic_write(path, content())

        self._work.keep(job, lambda _: self._tell(message(Notice.SAVED, path=path)))

    def _take_over(self, file: Path, session: Session) -> None:
        self._break()
        self._file, self.session = file, session
        self._show()

    def _break(self) -> None:
        self.running = self._waiting = False
        self._request += 1

    def _ask(self, *, show: bool) -> None:
        session = self.session
        if session is not None and self.running:
            self._prepare(show)
            number = len(session.trials) + 1
            self._tell(message(Notice.ASK_FOR_DIGIT, digit=session.asked_digit, number=number, count=session.total))

    def _next_group(self, session: Session) -> None:
        """Draw and recognize the rest of a group, then the next group. It can be interrupted between groups."""
        left, request = session.size - len(session.trials) % session.size, self._request

        def job() -> list[Trial]:
            images, labels = self._pictures()
            numbers = np.random.default_rng(self._rng).choice(len(labels), left, replace=False)
            shares = self._engine.recognize_fields(images[numbers])
            network = self._engine.name
            return [
                Trial(int(labels[number]), int(share.argmax()), float(share.max()), network)
                for number, share in zip(numbers, shares, strict=True)
            ]

        def done(trials: list[Trial]) -> None:
            if request != self._request:
                return
            for trial in trials:
                session.add(trial)
            self._noted(session)
            if not session.is_done:
                self._next_group(session)

        def failed(error: Exception) -> bool:
            if request == self._request:
                self.interrupt()
            return True

        assert session.mode == MNIST
        self._answers.submit(job, done, failed)

    def _noted(self, session: Session) -> None:
        file = self._file
        assert file is not None
        if all(file != known for known, _ in self._kept):
            self._kept.append((file, session))
        self._write(file, session)
        if session.is_done:
            self.running = False
            right = sum(trial.right for trial in session.trials)
            self._tell(message(Notice.EXPERIMENT_DONE, right=right, count=session.total))
        self._show()

    def _write(self, file: Path, session: Session) -> None:
        content = session.copy()

        def done(_: None) -> None:
            self._writing -= 1
            self._refused.discard(file)

        def failed(_: Exception) -> bool:
            self._writing -= 1
            self._refused.add(file)
            return True

        self._writing += 1
        self._work.keep(lambda: experiments.write(file, content), done, failed)

    def _show(self) -> None:
        self._view.show_session(self.session, running=self.running)
        sessions = [session for _, session in self._kept]
        chosen = next((index for index, each in enumerate(sessions) if each is self.session), None)
        self._view.show_kept(sessions, chosen)
