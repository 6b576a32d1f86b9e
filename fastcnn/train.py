"""Training: batches in, better weights out, and a record of how it went.

Same data, same settings, same seed: same bits, also when the training was cut and resumed from a checkpoint. Pictures
for testing never come here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np

from fastcnn import metrics
from fastcnn.answers import NotFiniteError
from fastcnn.arrays import Array
from fastcnn.augment import Augmentation
from fastcnn.batches import DeviceBatches, HostBatches, batches_for
from fastcnn.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from fastcnn.checks import check_positive
from fastcnn.errors import FastcnnError
from fastcnn.fit import Fit
from fastcnn.history import Epoch, History
from fastcnn.losses import check_label_smoothing, check_labels
from fastcnn.model import Sequential
from fastcnn.optim import ExponentialMovingAverage, Optimizer
from fastcnn.progress import Reporter
from fastcnn.schedules import Constant
from fastcnn.threads import set_threads

VALIDATION_PICTURES = 5_000  # of MNIST's 60,000
REMEDY = "a lower learning rate or clip_norm may help"

Callback = Callable[[Epoch], bool | None]


class TrainingError(FastcnnError):
    """The training cannot go on: the numbers have left the range of floats."""


class Trainer:
    """Trains a network with an optimizer.

    Parameters
    ----------
    network : changed in place
    optimizer : one of `fastcnn.optim`
    label_smoothing : share of each target spread over all classes, in [0, 1)
    clip_norm : largest Euclidean norm of all gradients together; None does not clip
    ema_decay : also keep an exponential moving average of weights and running statistics, which then is what `fit`
        validates and returns
    augmentation : what `fit` does to each picture, anew in each epoch; the pictures must be uint8 and of one channel
    """

    def __init__(
        self,
        network: Sequential,
        optimizer: Optimizer,
        *,
        label_smoothing: float = 0.0,
        clip_norm: float | None = None,
        ema_decay: float | None = None,
        augmentation: Augmentation | None = None,
    ) -> None:
        check_label_smoothing(label_smoothing)
        self.network = network
        self.optimizer = optimizer
        self.label_smoothing = label_smoothing
        self.clip_norm = None if clip_norm is None else check_positive("clip_norm", clip_norm)
        self.ema_decay = ema_decay
        self.augmentation = augmentation
        self._average = None if ema_decay is None else ExponentialMovingAverage(network, ema_decay)
        self._steps = 0
        self.held_out: Array = np.empty(0, np.int64)  # which pictures the last `fit` set aside

    def step(self, images: Array, labels: Array) -> float:
        """One forward, backward and update on one batch.

        Parameters
        ----------
        images : (N, C, H, W) uint8 or float, as the network takes them
        labels : (N,) integers

        Returns
        -------
        The batch's mean loss, before the update.

        Raises
        ------
        TypeError, ValueError
            If the arrays do not fit the network or each other.
        """
        network, smoothing = self.network, self.label_smoothing
        loss = network.loss_and_gradients(images, labels, label_smoothing=smoothing, step=self._steps)
        self._update()
        return loss

    def _step_of(self, batch: Any) -> SupportsFloat:
        """A step on a batch that is on the GPU; nothing waits for it until somebody looks at the loss."""
        network, smoothing = self.network, self.label_smoothing
        loss = network.loss_and_gradients_of(batch, label_smoothing=smoothing, step=self._steps)
        self._update()
        return loss

    def _update(self) -> None:
        if self.clip_norm is not None:
            self.network.clip_gradients(self.clip_norm)
        self.network.update_by(self.optimizer)
        if self._average is not None:
            self._average.update()
        self._steps += 1

    def fit(
        self,
        images: Array,
        labels: Array,
        *,
        epochs: int,
        batch_size: int = 100,
        schedule: Constant | None = None,
        validation: int = VALIDATION_PICTURES,
        seed: int = 0,
        callbacks: Sequence[Callback] = (),
        patience: int | None = None,
        keep_last: bool = False,
        checkpoint: str | Path | None = None,
        resume: str | Path | None = None,
        progress: bool = True,
        threads: int | None = None,
    ) -> History:
        """Train for some epochs and leave the network with the best weights met, or with the last ones.

        Parameters
        ----------
        images : (N, C, H, W) uint8 0..255 or float; uint8 stays uint8, batch by batch
        labels : (N,) integers
        epochs : how often each picture is seen
        batch_size : pictures a step; the last batch of an epoch may be smaller
        schedule : step -> learning rate; None keeps the optimizer's
        validation : pictures set aside to choose the best epoch by, drawn by the seed; 0 keeps the last epoch
        seed : of the validation pictures and of the order of all others
        callbacks : called with each finished `Epoch`, after its checkpoint; returning False stops the training
        patience : stop after so many epochs without a better one
        keep_last : keep the last epoch, whatever the validation pictures say: where the learning rate falls to zero, an
            earlier epoch that does better on these few pictures does so by chance
        checkpoint : file to keep the state in, replaced at the start and after every epoch
        resume : checkpoint to go on from; all settings must be those it was made with
        progress : show it on stderr
        threads : for Numba and BLAS from here on; None leaves them

        Raises
        ------
        TypeError, ValueError
            If an argument is wrong; nothing has been changed then.
        TrainingError
            If the loss or a weight is no longer finite; the last checkpoint stays.
        FastcnnError, OSError
            If the checkpoint cannot be resumed or written.

        KeyboardInterrupt comes through; the checkpoint of the last finished epoch stays.
        """
        self._check_data(images, labels)
        schedule = Constant(self.optimizer.lr) if schedule is None else schedule
        fit = Fit.checked(len(images), epochs, batch_size, schedule, validation, seed, patience, keep_last)
        if threads is not None:
            set_threads(threads)
        order = fit.rng.permutation(len(images))
        held_out, trained = order[: fit.validation], order[fit.validation :]
        self.held_out = held_out
        settings = fit.settings(self._describe(), images, labels) if checkpoint or resume else {}
        best: dict[str, Array] | None = None
        if resume is not None:
            best = self._restore(fit, settings, Path(resume))
        if checkpoint is not None:
            self._save(fit, settings, best, checkpoint)
        held_out_data = images[held_out], labels[held_out].astype(np.int64)
        size = min(fit.batch_size, len(trained))
        batches = batches_for(self.network, images, labels, size, self.augmentation, fit.seed)
        with Reporter(fit.epochs, len(trained), active=progress) as reporter:
            while not fit.is_over():
                record = self._run_epoch(fit, batches, size, trained, held_out_data, reporter)
                if record.is_best and fit.validation:
                    best = self._evaluated().state_arrays()
                fit.history.add(record)
                if checkpoint is not None:
                    self._save(fit, settings, best, checkpoint)
                reporter.epoch(record)
                if False in [callback(record) for callback in callbacks]:
                    fit.history.stopped = "a callback asked to stop"
        self.network.load_state_arrays(self._evaluated().state_arrays() if best is None else best)
        return fit.history

    def _check_data(self, images: Array, labels: Array) -> None:
        """Before anything is changed: what `Sequential.loss_and_gradients` will check batch by batch."""
        if not isinstance(images, np.ndarray) or images.shape[1:] != self.network.input_shape or len(images) == 0:
            given = images.shape if isinstance(images, np.ndarray) else type(images).__name__
            shape = ", ".join(map(str, self.network.input_shape))
            raise ValueError(f"images must be an array of shape (N, {shape}) with N at least 1, not {given}")
        check_labels(labels, len(images), self.network.output_shape[0])
        if self.augmentation is not None and (images.dtype != np.uint8 or images.shape[1] != 1):
            raise ValueError("images must be uint8 and of one channel to be augmented; leave out the augmentation")

    def _run_epoch(
        self,
        fit: Fit,
        batches: HostBatches | DeviceBatches,
        size: int,
        trained: Array,
        held_out: tuple[Array, Array],
        reporter: Reporter,
    ) -> Epoch:
        """Train on every picture of `trained` once, then validate."""
        start = time.perf_counter()
        order = fit.rng.permutation(trained)
        batches.start_epoch(order, fit.done)
        loss = self._run_batches(fit, batches, size, len(order), reporter)
        train_s = time.perf_counter() - start
        self._check_finite(fit, loss)
        measured = self._validate(fit, *held_out) if fit.validation else None
        record = Epoch(
            epoch=fit.done + 1,
            epochs=fit.epochs,
            loss=loss,
            validation_loss=measured.loss if measured else None,
            validation_accuracy=measured.accuracy if measured else None,
            is_best=False,
            lr=self.optimizer.lr,
            images=len(trained),
            train_s=train_s,
            elapsed_s=time.perf_counter() - start,
        )
        return replace(record, is_best=fit.keep_last or fit.history.is_best(record))

    def _run_batches(
        self, fit: Fit, batches: HostBatches | DeviceBatches, size: int, count: int, reporter: Reporter
    ) -> float:
        """The steps of one epoch of `count` pictures; returns the mean loss."""
        first_step = fit.done * -(-count // size)
        on_host = isinstance(batches, HostBatches)
        total = 0.0
        start = time.perf_counter()
        later: list[tuple[int, int, SupportsFloat]] = []  # steps whose loss nobody has looked at
        for begin in range(0, count, size):
            n, step = min(size, count - begin), begin // size
            self.optimizer.lr = fit.schedule(first_step + step)
            batch = batches.batch(begin, n)
            later.append((step, n, self.step(*batch) if on_host else self._step_of(batch)))
            done = begin + n
            if on_host or reporter.is_due() or done == count:
                total = self._added(total, later, fit, -(-count // size))
                later.clear()
                reporter.batch(fit.done + 1, done, total, time.perf_counter() - start)
        return total / count

    @staticmethod
    def _added(total: float, steps: list[tuple[int, int, SupportsFloat]], fit: Fit, steps_an_epoch: int) -> float:
        """The total plus the losses of all pictures of these steps; TrainingError where one is not finite."""
        for step, n, later in steps:
            loss = float(later)
            if not math.isfinite(loss):
                raise TrainingError(
                    f"the loss became {loss} in epoch {fit.done + 1}, step {step + 1} of {steps_an_epoch}; {REMEDY}"
                )
            total += loss * n
        return total

    def _validate(self, fit: Fit, images: Array, labels: Array) -> metrics.Evaluation:
        """Of one view: what a recognizer reads with more is right more often."""
        try:
            probabilities = self._evaluated().predict_proba(images)
        except NotFiniteError as error:
            raise TrainingError(
                f"the network's answers are no longer finite after epoch {fit.done + 1}; {REMEDY}"
            ) from error
        return metrics.evaluate(probabilities, labels, probabilities.shape[1])

    def _check_finite(self, fit: Fit, loss: float) -> None:
        """The last step of an epoch can spoil the weights after a loss that was still finite."""
        if not (np.isfinite(self.network.values).all() and np.isfinite(self.network.buffers).all()):
            raise TrainingError(
                f"a weight is no longer finite after epoch {fit.done + 1}, whose mean loss was {loss:.4g}; {REMEDY}"
            )

    def _evaluated(self) -> Sequential:
        """The network that counts: the averaged one where there is an average."""
        return self.network if self._average is None else self._average.network

    def _describe(self) -> dict[str, Any]:
        """Its own part of what the bits of a result depend on."""
        return {
            "network": self.network.describe(),
            "optimizer": self.optimizer.describe(),
            "label_smoothing": self.label_smoothing,
            "clip_norm": self.clip_norm,
            "ema_decay": self.ema_decay,
            "augmentation": None if self.augmentation is None else self.augmentation.describe(),
        }

    def _save(self, fit: Fit, settings: dict[str, Any], best: dict[str, Array] | None, path: str | Path) -> None:
        groups = {"network": self.network.state_arrays(), "optimizer": self.optimizer.state_arrays()}
        if self._average is not None:
            groups["average"] = self._average.state_arrays()
        if best is not None:
            groups["best"] = best
        history = [asdict(record) for record in fit.history.epochs]
        rng = dict(fit.rng.bit_generator.state)
        save_checkpoint(Checkpoint(settings, fit.done, self._steps, rng, history, groups), path)

    def _restore(self, fit: Fit, settings: dict[str, Any], path: Path) -> dict[str, Array] | None:
        """Take over a checkpoint's state; returns the best weights, None where there are none yet."""
        checkpoint = load_checkpoint(path)
        checkpoint.check_settings(settings, path)
        best = checkpoint.groups["best"]
        try:
            if best:
                self.network.load_state_arrays(best)  # to check them
            self.network.load_state_arrays(checkpoint.groups["network"])
            self.optimizer.load_state_arrays(checkpoint.groups["optimizer"])
            if self._average is not None:
                self._average.load_state_arrays(checkpoint.groups["average"])
            fit.rng.bit_generator.state = checkpoint.rng
            for record in checkpoint.history:
                fit.history.add(Epoch(**{**record, "epochs": fit.epochs}))
        except (KeyError, TypeError, ValueError) as error:
            raise FastcnnError(f"{path} is a damaged checkpoint ({error}); start afresh without it") from error
        self._steps = checkpoint.steps
        return best or None
