"""Train a network, and keep a record of each epoch.

The same data, settings and seed give the same bits, also if the training was stopped and resumed from a checkpoint.
Test pictures are never used here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_flag, check_path, check_positive
from fastcnn.cluster.link import Communicator
from fastcnn.cluster.tree import SHARDS
from fastcnn.errors import FastcnnError, Sentence
from fastcnn.kernels.precision import FLOAT32
from fastcnn.kernels.threads import set_threads
from fastcnn.kernels.values import shown
from fastcnn.network.answers import NotFiniteError
from fastcnn.network.losses import ClassWeight, CrossEntropy, Loss, check_sample_weight, loss_or_cross_entropy
from fastcnn.network.ranges import warn_of_range
from fastcnn.network.sequential import Sequential
from fastcnn.network.structure import default_classes
from fastcnn.optim.average import ExponentialMovingAverage
from fastcnn.optim.optimizers import Optimizer, check_optimizer
from fastcnn.optim.schedules import Constant
from fastcnn.ours import CHECKPOINT
from fastcnn.training.augment import Augmentation
from fastcnn.training.batches import Batch, Batches, DeviceBatches, FitData, batch_starts
from fastcnn.training.callback import Callback, Callbacks, OnEpoch, OnStep, Training
from fastcnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from fastcnn.training.class_weight import weighted
from fastcnn.training.datasets import Dataset
from fastcnn.training.fit import Fit, Schedule
from fastcnn.training.history import Epoch, History, TrainingStep
from fastcnn.training.progress import Reporter
from fastcnn.training.ranks import HeldOut, Ranks, by_all_ranks
from fastcnn.training.samples import VALIDATION_PICTURES, Labels
from fastcnn.training.sources import Validation, source_batches, source_of, validation_of
from fastcnn.training.validation import measure

__all__ = ["VALIDATION_PICTURES", "Callback", "Trainer", "TrainingError"]

REMEDY = Sentence("a lower learning rate or clip_norm may help")


class TrainingError(FastcnnError):
    """The training cannot go on, because a loss or a weight is no longer finite."""

    loss: float | None = None  # of the batch, where that is what is not finite


class Trainer:
    """Train a network with an optimizer.

    Parameters
    ----------
    network : it is changed in place
    optimizer : one of `fastcnn.optim`
    loss : one of `fastcnn.losses`; None for cross-entropy
    label_smoothing : of the cross-entropy, where no loss is given: share of each target that all classes share equally,
        in [0, 1)
    clip_norm : largest Euclidean norm of all gradients together; None does not clip
    ema_decay : also keep an exponential moving average of weights and running statistics with this decay. `fit` then
        validates the average and leaves it in the network
    augmentation : how `fit` changes each picture, differently in each epoch; all channels of a picture change alike
    communicator : of mpi4py, such as MPI.COMM_WORLD: its ranks train one network together (docs/cluster.md). All of
        them make the trainer, `fit` and `step` with the same arguments. Rank 0 alone shows the progress, calls the
        callbacks and writes files; the network begins with its weights. The bits do not depend on the number of ranks
    precision : "float32" or "bfloat16", which the network gets; None leaves it the one that it has. See `Sequential`
    """

    _fitting = False  # whether `fit` calls `step`: its labels are the outputs' numbers already

    def __init__(
        self,
        network: Sequential,
        optimizer: Optimizer,
        *,
        loss: Loss | None = None,
        label_smoothing: float = 0.0,
        clip_norm: float | None = None,
        ema_decay: float | None = None,
        augmentation: Augmentation | None = None,
        communicator: Communicator | None = None,
        precision: str | None = None,
    ) -> None:
        _check_parts(network, optimizer, augmentation)
        self.loss = loss_or_cross_entropy(loss, label_smoothing).for_classes(network.classes)
        if precision is not None:
            network.precision = precision
        self.network = network
        self.optimizer = optimizer
        self.label_smoothing = self.loss.label_smoothing if isinstance(self.loss, CrossEntropy) else 0.0
        self.clip_norm = None if clip_norm is None else check_positive("clip_norm", clip_norm)
        self.ema_decay = ema_decay
        self.augmentation = augmentation
        self._ranks = None if communicator is None else Ranks(network, communicator)
        self._average: ExponentialMovingAverage[Sequential] | None = (
            None if ema_decay is None else ExponentialMovingAverage(network, ema_decay)
        )
        self._steps = 0
        self.held_out: Array = np.empty(0, np.int64)  # the numbers of the pictures that the last `fit` set aside
        self.history = History()  # of the last `fit`, also where it was interrupted

    @by_all_ranks
    def step(self, images: Array, labels: Labels, sample_weight: Array | None = None, *, layout: str = "NCHW") -> float:
        """One forward, backward and update on one batch.

        Parameters
        ----------
        images, labels, sample_weight, layout : as for `fit`, of this batch

        Returns
        -------
        The batch's mean loss, before the update.

        Raises
        ------
        TypeError, ValueError
            If the arrays do not fit the network or each other, or hold NaN; nothing has been changed then.
        TrainingError
            If the loss is not finite; the weights and the optimizer have not been changed then.
        UserWarning
            If the first pictures' numbers have another range, such as floats from 0 to 255.
        """
        network = self.network
        images = network.pictures(images, layout)
        names = default_classes(len(network.classes)) if self._fitting else network.classes
        labels = self.loss.targets_of(labels, len(images), names)
        if self._ranks is not None:
            weights = [] if sample_weight is None else [check_sample_weight(sample_weight, len(images))]
            arrays, ranks = (images, labels, *weights), self._ranks
            return self._step_by_ranks(
                lambda: tuple(array[slice(*ranks.pictures(len(images)))] for array in arrays), len(images)
            )
        options: dict[str, Any] = {"label_smoothing": self.label_smoothing} if self._is_plain else {"loss": self.loss}
        if sample_weight is not None:
            options["sample_weight"] = sample_weight
        loss = network.loss_and_gradients(images, labels, step=self._steps, **options)
        if not network.range_seen:
            network.range_seen = True
            warn_of_range(images, between=2)
        return self._updated(loss)

    def _step_by_ranks(self, part: Callable[[], Batch], count: int) -> float:
        """A step on a batch of `count` pictures; part: gives those of this rank."""
        assert self._ranks is not None
        return self._updated(self._ranks.loss_and_gradients(part, count, self.loss, self._steps))

    def _updated(self, loss: float) -> float:
        """Update the weights after a batch with this loss, if that is finite."""
        if not math.isfinite(loss):
            raise _loss_error(loss, Sentence("step {step}", step=self._steps + 1))
        self._update()
        return loss

    @property
    def rank_times(self) -> dict[str, float]:
        """Seconds that each rank has computed in the last epoch, by its name; empty without ranks."""
        return {} if self._ranks is None else self._ranks.times

    @property
    def waited_s(self) -> float:
        """Seconds that this rank has waited for others, in this epoch; 0 without ranks."""
        return 0.0 if self._ranks is None else self._ranks.waited_s

    @property
    def _leads(self) -> bool:
        """Whether this process shows the progress, calls callbacks and writes files: rank 0, or the only one."""
        return self._ranks is None or self._ranks.leads

    @property
    def _is_plain(self) -> bool:
        """Whether the loss is cross-entropy whose classes weigh the same."""
        return isinstance(self.loss, CrossEntropy) and self.loss.is_plain

    def _step_of(self, batch: Any) -> SupportsFloat:
        """A step on a batch that is on the GPU. Nothing waits for the GPU until the loss is read."""
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

    @by_all_ranks
    def fit(
        self,
        images: Array | Dataset,
        labels: Labels | None = None,
        *,
        epochs: int,
        batch_size: int = 100,
        schedule: Schedule | None = None,
        validation: Validation = None,
        class_weight: ClassWeight | str | None = None,
        sample_weight: Array | None = None,
        layout: str = "NCHW",
        seed: int = 0,
        callbacks: Sequence[Callback | OnEpoch] = (),
        on_step: OnStep | None = None,
        patience: int | None = None,
        keep_last: bool = False,
        checkpoint: str | Path | None = None,
        resume: str | Path | None = None,
        progress: bool = True,
        threads: int | None = None,
    ) -> History:
        """Train for some epochs. Afterwards the network has the weights of the best epoch, or of the last one.

        Parameters
        ----------
        images : (N, C, H, W), (N, C*H*W) or, of one channel, (N, H, W): uint8 0..255 or float 0 to 1; uint8 stays
            uint8, batch by batch. A `numpy.memmap` stays in its file, and is read and checked batch by batch. Or a
            `Dataset`, which has the labels too
        labels : (N,) names from `network.classes` as an array or a list; or (N,) integers, which are the outputs'
            numbers or, where all names are integers, names; or (N, classes) with one 1 a row and else 0. Of
            `losses.MeanSquaredError` and `BinaryCrossEntropy`: (N, outputs) numbers
        epochs : how often each picture is seen
        batch_size : pictures in a step. The last batch of an epoch may be smaller. A single last picture joins the
            batch before it where batch normalisation has one value a channel of each picture; that is one step less
        schedule : function from the step to the learning rate; None keeps the optimizer's. If a callback or `on_step`
            sets `optimizer.lr`, that rate replaces the schedule from the next step on, and the checkpoint keeps it
        validation : the pictures that choose the best epoch. A number of pictures, or a share of them (0.1), is drawn
            by the seed and not trained on; or it is (images, labels), or a `Dataset`. None takes a tenth, at most
            5,000; 0 keeps the last epoch. Best is the accuracy and, for ties, the loss; without classes the loss.
            Weights do not count here
        class_weight : as of `losses.CrossEntropy`, for this training; or "balanced": N / (classes * pictures of the
            class), counted over all labels given
        sample_weight : (N,) numbers, at least 0: a batch's loss is sum(weight * loss) / sum(weight)
        layout : "NHWC" where images, those of validation too, are (N, H, W, C)
        seed : for the choice of the validation pictures and the order of the others
        callbacks : functions, and objects of `fastcnn.callbacks` such as `EarlyStopping()`. A function is called with
            each finished `Epoch`, after its checkpoint. Its return value of False stops the training
        on_step : called after each step with a `TrainingStep`, on the thread that trains. Its return value is ignored.
            On a GPU the next step waits only if it reads the loss or the network
        patience : stop after this number of epochs without a better one
        keep_last : keep the last epoch and not the best. Where the learning rate falls to zero, an earlier epoch is
            better on these few pictures only by chance
        checkpoint : file that keeps the state; it is replaced at the start and after every epoch
        resume : checkpoint to go on from. All settings must be those that it was made with
        progress : show the progress on stderr
        threads : number of threads for Numba and BLAS from now on; None leaves it

        Raises
        ------
        TypeError, ValueError
            If an argument is wrong. Then nothing has been changed.
        TrainingError
            If the loss or a weight is no longer finite; the last checkpoint stays.
        UserWarning
            If the pictures' numbers have another range, such as floats from 0 to 255; of a file or a dataset only the
            first few are looked at.
        FastcnnError, OSError
            If the checkpoint cannot be resumed or written, or would replace a file that is no checkpoint.
        DatasetError
            If a dataset fails or gives something else than it should, before the step on it: a FastcnnError and a
            ValueError that names the indices.

        KeyboardInterrupt and any error of a callback or of `on_step` end the training and reach the caller. The
        checkpoint of the last finished epoch stays, and `trainer.history` has the finished epochs. Afterwards the
        optimizer's lr is as it was before, or as a callback has set it: the next `fit` begins there.
        """
        source = source_of(self.network, self.loss, images, labels, sample_weight, layout)
        given, aside = validation_of(self.network, self.loss, validation, len(source), layout)
        loss = weighted(self.loss, class_weight, self.network.classes, source.targets)
        schedule = Constant(self.optimizer.lr) if schedule is None else schedule
        validated = aside if given is None else len(given)
        told = Callbacks.checked(callbacks, on_step)
        fit = Fit(epochs, batch_size, schedule, validated, seed, patience, keep_last, told.on_step)
        spans = batch_starts(len(source) - aside, fit.batch_size, self.network.least_batch)
        progress = check_flag("progress", progress)
        checkpoint = None if checkpoint is None else check_path("checkpoint", checkpoint)
        if checkpoint is not None and self._leads and checkpoint.exists() and not CHECKPOINT.may_replace(checkpoint):
            raise FastcnnError(
                "{path} exists and is no checkpoint that fastcnn wrote; choose another name", path=checkpoint
            )
        resume = None if resume is None else check_path("resume", resume)
        survivors = None if self._ranks is None else self._ranks.survivors
        settings = fit.settings(self._describe(loss), source, given) if self._leads and (checkpoint or resume) else {}
        if self._ranks is not None:
            self._ranks.check_agreement({**self._describe(loss), **fit.numbers(), "pictures": len(source)}, source)
            settings = self._ranks.from_first(settings)
        if self._leads:
            told.start(Training(self, self._evaluated(), fit.history, fit.validation > 0))
        self.history = fit.history
        if threads is not None:
            set_threads(threads)
        self.network.range_seen = True
        warn_of_range(source.first, between=2)
        if given is not None:
            warn_of_range(given.first, "validation images", between=2)
        order = fit.rng.permutation(len(source))
        self.held_out, trained = order[:aside], order[aside:]
        batches: Batches
        held_out: HeldOut | Iterable[tuple[Array, Array]]
        if self._ranks is not None:
            held_out = HeldOut(source, self.held_out) if given is None else HeldOut(given, np.arange(len(given)))
            batches = self._ranks.batches(source, self.augmentation, fit.seed)
        else:
            held_out = source.parts(self.held_out) if given is None else given.parts()
            largest = max(count for _, count in spans)
            batches = source_batches(self.network, source, loss, largest, self.augmentation, fit.seed)
        data = FitData(trained, spans, batches, held_out)
        with (
            _noted(fit.history),
            _own_lr(self.optimizer),
            self._trained_by(loss),
            Reporter(fit.epochs, len(trained), active=progress and self._leads) as reporter,
        ):
            if survivors is not None:
                survivors.on_lead.append(partial(self._lead, fit, told, reporter if progress else None))
            best = None
            if resume is not None:
                best = self._restore(fit, settings, resume)
                if self._leads:
                    told.resume(fit.history)
                self._follow(fit)
            self._check_start()
            if checkpoint is not None:
                self._save(fit, settings, best, checkpoint)
            best = self._run(fit, data, settings, best, checkpoint, told, reporter)
        self.network.load_state_arrays(self._evaluated().state_arrays() if best is None else best)
        return fit.history

    def _run(
        self,
        fit: Fit,
        data: FitData,
        settings: dict[str, Any],
        best: dict[str, Array] | None,
        checkpoint: Path | None,
        told: Callbacks,
        reporter: Reporter,
    ) -> dict[str, Array] | None:
        """Run all epochs that are left. Returns the best weights, or None if the last ones are the best."""
        while not fit.is_over():
            record = self._run_epoch(fit, data, reporter)
            if record.is_best and fit.validation:
                best = self._evaluated().state_arrays()
            fit.history.add(record)
            if self._leads:
                told.before_checkpoint(record, fit.history)
            if checkpoint is not None:
                self._save(fit, settings, best, checkpoint)
            reporter.epoch(record)
            lr = self._set_lr()
            if self._leads:
                told.after_checkpoint(record, fit.history)
            self._follow(fit)
            if checkpoint is not None and self._set_lr() != lr:  # a resume must go on at it
                self._save(fit, settings, best, checkpoint)
        return best

    def _lead(self, fit: Fit, told: Callbacks, reporter: Reporter | None) -> None:
        """Do what rank 0 does from now on, because it has died."""
        told.start(Training(self, self._evaluated(), fit.history, fit.validation > 0))
        told.resume(fit.history)
        if reporter is not None:
            reporter.show()

    def _follow(self, fit: Fit) -> None:
        """Take the decisions of rank 0's callbacks."""
        if self._ranks is not None:
            self._ranks.follow(fit.history, self.optimizer)

    def _run_epoch(self, fit: Fit, data: FitData, reporter: Reporter) -> Epoch:
        """Train on every picture of `data.trained` once, then validate."""
        start = time.perf_counter()
        data.batches.start_epoch(fit.rng.permutation(data.trained), fit.done)
        loss = self._run_batches(fit, data, reporter)
        train_s = time.perf_counter() - start
        self._check_finite(fit, loss)
        if self._ranks is not None:
            self._ranks.end_epoch(self.network, train_s)
        validation_loss, accuracy = self._validate(fit, data.held_out) if fit.validation else (None, None)
        record = Epoch(
            epoch=fit.done + 1,
            epochs=fit.epochs,
            loss=loss,
            validation_loss=validation_loss,
            validation_accuracy=accuracy,
            is_best=False,
            lr=self.optimizer.lr,
            images=len(data.trained),
            train_s=train_s,
            elapsed_s=time.perf_counter() - start,
        )
        return replace(record, is_best=fit.keep_last or fit.history.is_best(record))

    def _run_batches(self, fit: Fit, data: FitData, reporter: Reporter) -> float:
        """Run the steps of one epoch. Returns the mean loss."""
        count, steps = len(data.trained), len(data.spans)
        on_host = not isinstance(data.batches, DeviceBatches)
        total = 0.0
        start = time.perf_counter()
        later: list[tuple[int, int, SupportsFloat]] = []  # steps with a loss that was not read yet
        for step, (begin, n) in enumerate(data.spans):
            if not self.optimizer.lr_was_set:
                self.optimizer.follow(fit.schedule(fit.done * steps + step))
            part = partial(data.batches.batch, begin, n)
            try:
                loss: SupportsFloat
                if self._ranks is not None:
                    loss = self._step_by_ranks(part, n)
                else:
                    loss = self.step(*part()) if on_host else self._step_of(part())
            except TrainingError as error:
                if error.loss is None:
                    raise
                raise _loss_error(error.loss, _place(fit, step, steps)) from None
            if fit.on_step is not None:
                if self._leads:
                    fit.on_step(TrainingStep(fit.done * steps + step, fit.done + 1, n, loss))
                self._follow(fit)
            later.append((step, n, loss))
            done = begin + n
            if on_host or reporter.is_due() or done == count:
                total = self._added(total, later, fit, steps)
                later.clear()
                reporter.batch(fit.done + 1, done, total, time.perf_counter() - start)
        return total / count

    @staticmethod
    def _added(total: float, steps: list[tuple[int, int, SupportsFloat]], fit: Fit, steps_an_epoch: int) -> float:
        """The total plus the losses of all pictures of these steps; TrainingError if a loss is not finite."""
        for step, n, later in steps:
            loss = float(later)
            if not math.isfinite(loss):
                raise _loss_error(loss, _place(fit, step, steps_an_epoch))
            total += loss * n
        return total

    def _validate(self, fit: Fit, held_out: Any) -> tuple[float, float | None]:
        """Loss and accuracy with one view of each picture. A recognizer that uses more views is right more often."""
        try:
            measuring = measure if self._ranks is None else self._ranks.measure
            return measuring(self._evaluated(), self.loss, held_out)
        except NotFiniteError as error:
            raise TrainingError(
                "the network's answers are no longer finite after epoch {epoch}; {remedy}",
                epoch=fit.done + 1,
                remedy=REMEDY,
            ) from error

    def _check_start(self) -> None:
        if not (np.isfinite(self.network.values).all() and np.isfinite(self.network.buffers).all()):
            raise ValueError("the network's weights hold NaN or infinity before the first step; make or load it again")

    def _check_finite(self, fit: Fit, loss: float) -> None:
        """TrainingError unless all weights are finite: the last step of an epoch can spoil them after a finite loss."""
        if not (np.isfinite(self.network.values).all() and np.isfinite(self.network.buffers).all()):
            raise TrainingError(
                "a weight is no longer finite after epoch {epoch}, whose mean loss was {loss}; {remedy}",
                epoch=fit.done + 1,
                loss=f"{loss:.4g}",
                remedy=REMEDY,
            )

    def _set_lr(self) -> float | None:
        """The learning rate that was set since the training began and replaces the schedule, or None."""
        return self.optimizer.lr if self.optimizer.lr_was_set else None

    def _evaluated(self) -> Sequential:
        """The network to validate: the average if there is one."""
        return self.network if self._average is None else self._average.network

    def _describe(self, loss: Loss) -> dict[str, Any]:
        """The trainer's part of what the bits of a result depend on."""
        is_plain = isinstance(loss, CrossEntropy) and loss.is_plain  # checkpoints from before there were others
        return {
            "loss": None if is_plain else loss.describe(),
            "network": self.network.describe(),
            "optimizer": self.optimizer.describe(),
            "label_smoothing": self.label_smoothing,
            "clip_norm": self.clip_norm,
            "ema_decay": self.ema_decay,
            "augmentation": None if self.augmentation is None else self.augmentation.describe(),
            **({} if self._ranks is None else {"shards": SHARDS}),
            **({} if self.network.precision == FLOAT32 else {"precision": self.network.precision}),
        }

    @contextmanager
    def _trained_by(self, loss: Loss) -> Iterator[None]:
        """Its loss for one training, whose labels have been read."""
        own, self.loss, self._fitting = self.loss, loss, True
        try:
            yield
        finally:
            self.loss, self._fitting = own, False

    def _save(self, fit: Fit, settings: dict[str, Any], best: dict[str, Array] | None, path: str | Path) -> None:
        if not self._leads:
            return
        groups = {"network": self.network.state_arrays(), "optimizer": self.optimizer.state_arrays()}
        if self._average is not None:
            groups["average"] = self._average.state_arrays()
        if best is not None:
            groups["best"] = best
        history = [asdict(record) for record in fit.history.epochs]
        rng = dict(fit.rng.bit_generator.state)
        save_checkpoint(Checkpoint(settings, fit.done, self._steps, rng, history, groups, self._set_lr()), path)

    def _restore(self, fit: Fit, settings: dict[str, Any], path: Path) -> dict[str, Array] | None:
        """Take the state of a checkpoint. Returns the best weights, or None if there are none yet."""
        if self._leads:
            checkpoint = load_checkpoint(path)
            checkpoint.check_settings(settings, path)
        if self._ranks is not None:
            checkpoint = self._ranks.checkpoint(checkpoint if self._leads else None)
        best = checkpoint.groups["best"]
        try:
            if best:
                self.network.load_state_arrays(best)  # to check them
            self.network.load_state_arrays(checkpoint.groups["network"])
            self.optimizer.load_state_arrays(checkpoint.groups["optimizer"])
            if self._average is not None:
                self._average.load_state_arrays(checkpoint.groups["average"])
            if checkpoint.lr is not None:
                self.optimizer.lr = checkpoint.lr
            fit.rng.bit_generator.state = checkpoint.rng
            for record in checkpoint.history:
                fit.history.add(Epoch(**{**record, "epochs": fit.epochs}))
        except (KeyError, TypeError, ValueError) as error:
            raise FastcnnError(
                "{path} is a damaged checkpoint ({detail}); start afresh without it", path=path, detail=error
            ) from error
        self._steps = checkpoint.steps
        return best or None


def _place(fit: Fit, step: int, steps: int) -> Sentence:
    """Where a training is, for a sentence; step counts from 0."""
    return Sentence("epoch {epoch}, step {step} of {steps}", epoch=fit.done + 1, step=step + 1, steps=steps)


def _loss_error(loss: float, place: Sentence) -> TrainingError:
    error = TrainingError("the loss became {loss} in {place}; {remedy}", loss=loss, place=place, remedy=REMEDY)
    error.loss = loss
    return error


def _check_parts(network: object, optimizer: object, augmentation: object) -> None:
    """TypeError unless each has the type that its name says."""
    if not isinstance(network, Sequential):
        raise TypeError(f"network must be one fastcnn.Sequential, not {shown(network)}")
    check_optimizer(optimizer)
    if not isinstance(augmentation, Augmentation | None):
        raise TypeError(
            f"augmentation must be a fastcnn.training.augment.Augmentation or None, not {shown(augmentation)}"
        )


@contextmanager
def _noted(history: History) -> Iterator[None]:
    """Note in the history what ended the training, if that is an error or Ctrl-C."""
    try:
        yield
    except BaseException as error:
        history.stopped = f"interrupted by {type(error).__name__}"
        raise


@contextmanager
def _own_lr(optimizer: Optimizer) -> Iterator[None]:
    """Give the optimizer its own learning rate back after a schedule has changed it. A rate that a user set stays.

    After an error or Ctrl-C it always gets its own rate back: the checkpoint has the one that was set.
    """
    lr, optimizer.lr_was_set = optimizer.lr, False
    try:
        yield
    except BaseException:
        optimizer.lr = lr
        raise
    if not optimizer.lr_was_set:
        optimizer.lr = lr
