"""Decide about the user's drawings: correct answers, learn from them, keep or discard what was learned."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from fastcnn.gui.logic.collection import Collection, Entry, Files, Sample
from fastcnn.gui.logic.drawing import Stroke
from fastcnn.gui.logic.engine import Engine, test_pictures, training_pictures
from fastcnn.gui.logic.folders import writable
from fastcnn.gui.logic.jobs import Jobs
from fastcnn.gui.logic.learning import CancelledError, Outcome, learn
from fastcnn.gui.logic.notices import Notice, Tell, message
from fastcnn.gui.logic.shelf import SUFFIX, own_networks, shelved, short_name, unused
from fastcnn.recognition.answer import Recognition
from fastcnn.zoo.networks import DEFAULT

NAME = "my-hand"


class HandView(Protocol):
    """The functions of the page that this file needs."""

    def show_drawings(self, entries: list[Entry], *, can_undo: bool) -> None: ...
    def show_progress(self, share: float | None) -> None: ...
    def show_outcome(self, outcome: Outcome | None) -> None: ...


class Hand:
    """The decisions.

    Parameters
    ----------
    work : the queue for files
    learning : the queue for learning, so that files need not wait for it
    strokes : gives the strokes on the canvas
    ready : calls a function now, or when the network that is being loaded is in use
    use : makes the network in a file the network in use
    """

    def __init__(
        self,
        view: HandView,
        engine: Engine,
        work: Jobs,
        learning: Jobs,
        collection: Collection,
        *,
        strokes: Callable[[], list[Stroke]],
        ready: Callable[[Callable[[], None]], None],
        use: Callable[[str], None],
        tell: Tell,
    ) -> None:
        self._view, self._engine, self._work, self._learning = view, engine, work, learning
        self._collection, self._strokes = collection, strokes
        self._ready, self._use, self._tell = ready, use, tell
        self._changes: list[Files] = []  # of the collection, to undo the last one; the files before each
        self._cancel = threading.Event()
        self.is_learning = self.is_keeping = False
        self.outcome: Outcome | None = None

    @staticmethod
    def file() -> Path:
        """The file of the first network that has learned the handwriting. Later ones have a number."""
        return own_networks() / f"{NAME}{SUFFIX}"

    def refresh(self) -> None:
        """Show the drawings."""
        self._work.submit(self._collection.entries, self._show)

    def correct(self, label: int, answer: Recognition | None) -> None:
        """The drawing is a `label`, whatever was answered: keep it."""
        if answer is None or not answer.input.any():  # a drawing that was taken for no digit can be corrected
            self._tell(message(Notice.CORRECTION_NEEDS_DRAWING))
            return
        field = np.rint(np.clip(answer.input, 0, 1) * 255).astype(np.uint8)
        sample = Sample(label, answer.digit, field, tuple(self._strokes()))

        self._change(lambda: self._collection.add(sample), Notice.CORRECTED, digit=label)

    def relabel(self, names: list[str], label: int) -> None:
        """Give kept drawings another label."""
        if names:
            self._change(lambda: self._collection.relabel(names, label), Notice.RELABELLED, digit=label)

    def delete(self, names: list[str]) -> None:
        """Delete drawings."""
        if names:
            self._change(lambda: self._collection.delete(names), Notice.DELETED)

    def undo(self) -> None:
        """Take back the last change of the collection."""
        if not self._changes:
            return
        last = self._changes.pop()

        def job() -> list[Entry]:
            self._collection.restore(last)
            return self._collection.entries()

        def done(entries: list[Entry]) -> None:
            self._show(entries)
            self._tell(message(Notice.UNDONE, count=len(entries)))

        self._work.keep(job, done)

    def learn(self) -> None:
        """Train a copy of the network in use on the drawings, in the background."""
        if self.is_learning:
            return
        self.is_learning, self.outcome = True, None
        self._cancel.clear()
        self._view.show_outcome(None)
        self._view.show_progress(0.0)
        self._tell(message(Notice.LEARNING))
        self._ready(lambda: self._learning.submit(self._learn, self._learned, self._failed))

    def cancel(self) -> None:
        """Stop learning. Nothing has changed then."""
        self._cancel.set()

    def keep(self) -> None:
        """Save the network that has learned under a name of its own, and use it."""
        outcome = self.outcome
        if outcome is None or self.is_keeping:
            return
        self.is_keeping = True

        def job() -> Path:
            path = unused(writable(self.file()))
            outcome.network.save(path)
            return path

        def saved(path: Path) -> None:
            self.is_keeping = False
            self._forget_outcome()
            self._use(str(path))
            self._tell(message(Notice.KEPT, name=short_name(str(path))))

        def failed(error: Exception) -> bool:
            self.is_keeping = False
            return True

        self._work.keep(job, saved, failed)

    def discard(self) -> None:
        """Delete the network that has learned."""
        if self.outcome is not None:
            self._forget_outcome()
            self._tell(message(Notice.DISCARDED))

    def reset(self) -> None:
        """Delete all drawings and the networks that have learned from them."""
        self.cancel()
        self._forget_outcome()
        used = self._files()

        def job() -> None:
            self._collection.delete_all()
            for path in used:
                path.unlink(missing_ok=True)

        def done(_: None) -> None:
            self._changes.clear()
            self._show([])
            if Path(self._engine.model) in used:
                self._use(DEFAULT)
            self._tell(message(Notice.FORGOTTEN))

        self._work.keep(job, done)

    def export(self, path: str | Path) -> None:
        """Write all drawings to one file."""

        def job() -> None:
            self._engine.check_target(path)
            self._collection.export_to(path)

        self._work.keep(job, lambda _: self._tell(message(Notice.SAVED, path=path)))

    def import_from(self, path: str | Path) -> None:
        """Add the drawings of an exported file."""

        def job() -> tuple[int, Files, list[Entry]]:
            added, before = self._collection.import_from(path)
            return added, before, self._collection.entries()

        def done(found: tuple[int, Files, list[Entry]]) -> None:
            added, before, entries = found
            if added:
                self._changes.append(before)
            self._show(entries)
            self._tell(message(Notice.IMPORTED, count=added), self.undo if added else None)

        self._work.keep(job, done)

    def _show(self, entries: list[Entry]) -> None:
        self._view.show_drawings(entries, can_undo=bool(self._changes))

    def _change(self, change: Callable[[], Files], told: Notice, **values: object) -> None:
        """Change the collection so that it can be undone."""

        def job() -> tuple[Files, list[Entry]]:
            return change(), self._collection.entries()

        def done(found: tuple[Files, list[Entry]]) -> None:
            before, entries = found
            self._changes.append(before)
            self._show(entries)
            self._tell(message(told, count=len(entries), **values), self.undo)

        self._work.keep(job, done)

    def _files(self) -> list[Path]:
        """The networks that have learned the handwriting, and were not given another name."""
        pattern = re.compile(rf"{NAME}(-\d+)?")
        return [path for path in shelved() if pattern.fullmatch(path.name.removesuffix(SUFFIX))]

    def _learn(self) -> Outcome:
        """The job."""
        samples = self._collection.samples()

        def progress(share: float) -> None:
            self._learning.post(lambda: self._view.show_progress(share if self.is_learning else None))

        with self._engine.turns.background() as turn:
            return learn(
                self._engine.network,
                samples,
                training_pictures(turn.next_piece),
                test_pictures(),
                progress=progress,
                cancelled=self._cancel.is_set,
                between=turn.next_piece,
            )

    def _learned(self, outcome: Outcome) -> None:
        self.is_learning = False
        self._view.show_progress(None)
        if self._cancel.is_set():
            self._tell(message(Notice.LEARNING_CANCELLED))
            return
        self.outcome = outcome
        self._view.show_outcome(outcome)
        self._tell(message(Notice.LEARNED_WORSE if outcome.is_worse else Notice.LEARNED))

    def _failed(self, error: Exception) -> bool:
        self.is_learning = False
        self._view.show_progress(None)
        cancelled = isinstance(error, CancelledError)
        if cancelled:
            self._tell(message(Notice.LEARNING_CANCELLED))
        return not cancelled

    def _forget_outcome(self) -> None:
        self.outcome = None
        self._view.show_outcome(None)
