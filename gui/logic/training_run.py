"""One run of a training on its own thread. It trains by the recipe, can be paused and stopped, and shows its progress.

A stopped run can go on from its last finished epoch. It ends with the same bits as a run that was never stopped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fastcnn.errors import FastcnnError
from fastcnn.gui.logic.folders import epochs_path, move_epochs, writable
from fastcnn.gui.logic.packed import Packed
from fastcnn.gui.logic.shelf import short_name, unused
from fastcnn.gui.logic.turns import Turns

if TYPE_CHECKING:
    from fastcnn.network.sequential import Sequential
    from fastcnn.training.checkpoint import Checkpoint
    from fastcnn.training.history import Epoch, History, TrainingStep

POINT_EVERY = 20  # steps a point of the loss curve
PREVIEW_EVERY_S = 0.5


class StoppedError(Exception):
    """Somebody stopped the training."""


class CannotGoOnError(FastcnnError):
    """An interrupted training that is not this version's. What it had learned is kept as a network."""


@dataclass
class Curves:
    """The data of the plots. The training's thread writes them, the window's reads them. Entries are only appended."""

    epoch: int = 1  # the present epoch
    of: int = 0
    steps: list[float] = field(default_factory=list)  # in epochs
    losses: list[float] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    images_per_second: float = 0.0

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return (self.steps[-1] if self.steps else self.epoch - 1) / self.of if self.of else 0.0


class Run:
    """`train` trains, on any thread. Other threads may call the other methods at the same time.

    Parameters
    ----------
    checkpoint : it is written after each epoch, and deleted at the end
    target : the file for the trained network; it gets a number if the file exists
    turns : its steps are pieces of the work in the background
    """

    def __init__(self, checkpoint: Path, target: Path, curves: Curves, turns: Turns | None = None) -> None:
        self._turns = Turns() if turns is None else turns
        self._checkpoint, self._target, self.curves = checkpoint, target, curves
        self._epochs = epochs_path(checkpoint)
        self.saved = target
        self._go_on, self._stop, self._last_epoch = threading.Event(), threading.Event(), threading.Event()
        self._go_on.set()
        self._preview: Sequential | None = None
        self._shown_s = self._marked_s = 0.0
        self._images = self._images_marked = 0

    @property
    def preview(self) -> Sequential | None:
        """A copy of the network, less than a second old. It is the same object from the first step on."""
        return self._preview

    def pause(self) -> None:
        """Pause after the present step or, if none runs, after the next one."""
        self._go_on.clear()

    def go_on(self) -> None:
        """Go on after a pause."""
        self._go_on.set()

    def stop(self) -> None:
        """End after the step after which `pause` would pause. `train` then raises StoppedError."""
        self._stop.set()
        self._go_on.set()

    def finish_epoch(self) -> None:
        """End after the present epoch, whose checkpoint is then written."""
        self._last_epoch.set()
        self._go_on.set()

    def train(self, epochs: int, training: Packed, *, resume: bool) -> History:
        """Train from the beginning, or go on from the checkpoint with its epochs and its seed.

        Raises
        ------
        StoppedError
            If somebody stopped it. The checkpoint stays.
        CannotGoOnError
            If the checkpoint is of another version, which trains in another way. `saved` has its network then.
        FastcnnError
            If the checkpoint cannot be read or written.
        """
        from fastcnn.training.checkpoint import load_checkpoint
        from fastcnn.training.epochs import KeepEpochs
        from fastcnn.training.samples import VALIDATION_PICTURES
        from fastcnn.zoo.networks import PAPER, paper_network
        from fastcnn.zoo.recipes import RECIPES

        for path in (self._checkpoint, self._target):
            writable(path)  # asked before the work, not after it
        recipe = RECIPES[PAPER]
        seed = time.time_ns() % 2**31
        if resume:
            stored = load_checkpoint(self._checkpoint)
            epochs, seed = int(stored.settings["epochs"]), int(stored.settings["seed"])
            self.curves.epoch = stored.epoch + 1
            self._restore_curves(stored.history)
        else:
            self._checkpoint.unlink(missing_ok=True)  # `fit` replaces only a valid checkpoint
            self._epochs.unlink(missing_ok=True)
        self.curves.of = epochs
        trainer = recipe.trainer(paper_network(seed=seed))
        count = len(training) - VALIDATION_PICTURES
        epoch_steps = -(-count // recipe.batch_size)

        def stepped(step: TrainingStep) -> None:
            turn.leave()  # others work meanwhile, also during a pause
            try:
                self._step_done(step, trainer.network, epoch_steps)
            finally:
                turn.take()

        with self._turns.background() as turn, self._keeping(stored if resume else None, trainer.network):
            history = trainer.fit(
                training,
                epochs=epochs,
                batch_size=recipe.batch_size,
                schedule=recipe.schedule(epochs, count, recipe.batch_size),
                validation=VALIDATION_PICTURES,
                seed=seed,
                callbacks=[self._epoch_done, KeepEpochs(self._epochs)],
                on_step=stepped,
                checkpoint=self._checkpoint,
                resume=self._checkpoint if resume else None,
                progress=False,
            )
        self._show(trainer.network)
        self._save(trainer.network)
        return history

    def _save(self, network: Sequential) -> None:
        self.saved = unused(self._target)
        network.save(self.saved)
        move_epochs(self._checkpoint, self.saved)  # unless a kill came just after it
        self._checkpoint.unlink(missing_ok=True)

    @contextmanager
    def _keeping(self, stored: Checkpoint | None, network: Sequential) -> Iterator[None]:
        """Where a training with the checkpoint `stored` cannot even begin to go on, keep what that holds."""
        try:
            yield
        except FastcnnError as error:
            if stored is None or self._images:
                raise
            try:
                network.load_state_arrays(stored.groups["best"] or stored.groups["network"])
            except ValueError:  # of another network
                raise error from None
            self._save(network)
            raise CannotGoOnError(
                "the training was begun by another version and cannot go on; what it had learned is kept as {name}",
                name=short_name(str(self.saved)),
            ) from error

    def _step_done(self, step: TrainingStep, network: Sequential, epoch_steps: int) -> None:
        self._images += step.images
        if (step.number + 1) % POINT_EVERY == 0:
            self._mark(step, epoch_steps)
        if time.perf_counter() - self._shown_s >= PREVIEW_EVERY_S:
            self._show(network)
        if not self._go_on.is_set():
            self._go_on.wait()
            self._marked_s = 0.0  # a pause does not count as training
        if self._stop.is_set():
            raise StoppedError

    def _mark(self, step: TrainingStep, epoch_steps: int) -> None:
        loss = float(step.loss)  # this waits until the GPU has done the pictures that are counted
        now = time.perf_counter()
        if self._marked_s:
            self.curves.images_per_second = (self._images - self._images_marked) / (now - self._marked_s)
        self._marked_s, self._images_marked = now, self._images
        self.curves.losses.append(loss)
        self.curves.steps.append((step.number + 1) / epoch_steps)

    def _show(self, network: Sequential) -> None:
        """Copy the weights for trying them. It runs on the training's thread, so never in the middle of a step."""
        if self._preview is None:
            self._preview = network.copy()
        else:
            self._preview.load_state_arrays(network.state_arrays())
        self._shown_s = time.perf_counter()

    def _epoch_done(self, record: Epoch) -> None:
        if record.validation_accuracy is not None:
            self.curves.accuracies.append(record.validation_accuracy)
            self.curves.epochs.append(record.epoch)
        self.curves.epoch = min(record.epoch + 1, record.epochs)
        if self._last_epoch.is_set() and record.epoch < record.epochs:
            raise StoppedError

    def _restore_curves(self, history: list[dict[str, float]]) -> None:
        """After a restart of the program only finished epochs are known. Later steps are done again."""
        curves, done = self.curves, len(history)
        kept = sum(1 for step in curves.steps if step <= done)
        del curves.steps[kept:], curves.losses[kept:]
        known = len(curves.epochs)
        curves.epochs += [int(record["epoch"]) for record in history[known:]]
        curves.accuracies += [float(record["validation_accuracy"]) for record in history[known:]]
