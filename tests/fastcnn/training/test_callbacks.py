"""The callbacks of `fastcnn.callbacks`: sequences worked by hand, and trainings that are cut and resumed."""

from __future__ import annotations

import csv
import math
from types import SimpleNamespace

import numpy as np
import pytest

from fastcnn import Sequential, Trainer, load_mnist, load_network, losses, optim
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, Flatten
from fastcnn.optim.schedules import Cosine
from fastcnn.training.callbacks import BestWeights, Callback, CSVLog, EarlyStopping, ReduceLROnPlateau, Training
from fastcnn.training.history import Epoch, History

STEPS = 5  # an epoch of 50 pictures in batches of 10


@pytest.fixture(scope="module")
def pictures():
    (images, labels), _ = load_mnist(normalize=False)
    return images[:60], labels[:60]


class Noted(Trainer):
    """Notes the learning rate of each step."""

    def __init__(self, optimizer=None, **options):
        super().__init__(Sequential([Flatten(), Affine(10)], seed=0), optimizer or optim.Momentum(0.08), **options)
        self.rates = []

    def step(self, images, labels):
        self.rates.append(self.optimizer.lr)
        return super().step(images, labels)


def fit(trainer, pictures, **options):
    return trainer.fit(*pictures, **{"epochs": 4, "batch_size": 10, "validation": 10, "progress": False, **options})


def same(first, second):
    return all(np.array_equal(first[name], second[name]) for name in first) and set(first) == set(second)


def cut(epochs):
    """A function that ends the training after so many epochs, as Ctrl-C does."""

    def interrupt(epoch):
        if epoch.epoch == epochs:
            raise KeyboardInterrupt

    return interrupt


def told(callback, values, lr=0.1):
    """What the learning rate is after each epoch, and what the callback answers, for a sequence of what it watches."""
    trainer = SimpleNamespace(optimizer=optim.SGD(lr), loss=losses.CrossEntropy())
    callback.on_start(Training(trainer, Sequential([Flatten(), Affine(10)]), History(), True))
    rates, answers = [], []
    for number, value in enumerate(values, 1):
        measured = {"loss": 9.0, "validation_loss": 9.0, "validation_accuracy": 0.5, callback.monitor: value}
        answers.append(
            callback.on_epoch_end(
                Epoch(epoch=number, epochs=99, **measured, is_best=False, lr=lr, images=1, train_s=1.0, elapsed_s=1.0)
            )
        )
        rates.append(trainer.optimizer.lr)
    return rates, answers


# ReduceLROnPlateau. The sequences were worked by hand by the rule of torch.optim.lr_scheduler.ReduceLROnPlateau.


def test_a_plateau_lowers_the_rate_with_patience_cooldown_and_an_end():
    """Better is below nine tenths of the best: only 0.89 after 1. Then every second bad epoch, and two that cool."""
    callback = ReduceLROnPlateau(factor=0.5, patience=1, threshold=0.1, cooldown=2, min_lr=0.02)
    rates, _ = told(callback, [1.0, 0.95, 0.89, 0.85, *[0.85] * 13])
    expected = [0.1] * 4 + [0.05] * 4 + [0.025] * 4 + [0.02] * 5
    assert rates == pytest.approx(expected, rel=1e-12)


def test_progress_by_no_more_than_the_threshold_is_none():
    callback = ReduceLROnPlateau("loss", patience=0, threshold=0.5)
    rates, _ = told(callback, [4.0, 2.0, 1.9, 0.9, 0.96])  # 2 is not below 2; 1.9 is below; 0.9 below 0.95
    assert rates == pytest.approx([0.1, 0.01, 0.01, 0.01, 0.001])


def test_of_accuracies_more_is_better():
    callback = ReduceLROnPlateau("validation_accuracy", patience=0, threshold=0.1)
    rates, _ = told(callback, [0.5, 0.6, 0.65, 0.67, 0.5])  # better is above 0.55, 0.66, 0.66, 0.737
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001])


def test_a_change_below_1e_8_is_not_made():
    rates, _ = told(ReduceLROnPlateau("loss", patience=0, factor=0.5), [1.0, 1.0, 1.0], lr=2.5e-8)
    assert rates == pytest.approx([2.5e-8, 1.25e-8, 1.25e-8])


def plateau():
    return ReduceLROnPlateau("loss", patience=0, factor=0.5, threshold=0.99)  # no epoch is good enough


def test_the_lower_rate_counts_from_the_next_step_and_stays(pictures):
    trainer, callback = Noted(), plateau()
    history = fit(trainer, pictures, callbacks=[callback])
    assert trainer.rates == [0.08] * 2 * STEPS + [0.04] * STEPS + [0.02] * STEPS
    assert [epoch.lr for epoch in history.epochs] == [0.08, 0.08, 0.04, 0.02]
    assert trainer.optimizer.lr == 0.01
    trainer.rates.clear()
    fit(trainer, pictures, callbacks=[callback], epochs=2)  # begins again, and where the optimizer is
    assert trainer.rates == [0.01] * 2 * STEPS


def test_the_lower_rate_counts_in_place_of_a_schedule(pictures):
    trainer, schedule = Noted(), Cosine(0.08, 4 * STEPS)
    fit(trainer, pictures, callbacks=[plateau()], schedule=schedule)
    last = schedule(2 * STEPS - 1)
    assert trainer.rates[2 * STEPS :] == [last / 2] * STEPS + [last / 4] * STEPS


@pytest.mark.parametrize("done", [1, 2, 3])
def test_a_resumed_training_has_the_same_rates_and_bits(pictures, tmp_path, done):
    path = tmp_path / "checkpoint"
    whole, first, second = Noted(), Noted(), Noted()
    options = {"epochs": 5, "schedule": Cosine(0.08, 5 * STEPS)}

    def callbacks():
        return [ReduceLROnPlateau("loss", patience=1, factor=0.5, threshold=0.99, cooldown=1), EarlyStopping()]

    fit(whole, pictures, callbacks=callbacks(), **options)
    with pytest.raises(KeyboardInterrupt):
        fit(first, pictures, callbacks=[*callbacks(), cut(done)], checkpoint=path, **options)
    fit(second, pictures, callbacks=callbacks(), resume=path, **options)
    assert second.rates == whole.rates[done * STEPS :] and len(set(whole.rates)) > 5
    assert same(second.network.state_arrays(), whole.network.state_arrays())


# EarlyStopping.


def test_early_stop_counts_epochs_without_a_better_one():
    callback = EarlyStopping(patience=2, min_delta=0.1)
    _, answers = told(callback, [1.0, 0.95, 0.85, 0.8, 0.84])  # better is below 0.9, then below 0.75
    assert answers == [True, True, True, True, False]
    assert told(callback, [1.0, 1.0, 0.5])[1] == [True, True, True]  # it begins again


def test_early_stop_ends_the_training_and_says_who(pictures, tmp_path):
    path = tmp_path / "checkpoint"
    trainer = Noted()
    stop = EarlyStopping("loss", patience=2, min_delta=99.0)
    history = fit(trainer, pictures, epochs=9, callbacks=[stop], checkpoint=path)
    assert len(history.epochs) == 3 and history.stopped == "EarlyStopping asked to stop"
    resumed = Noted()
    again = fit(resumed, pictures, epochs=9, callbacks=[EarlyStopping("loss", patience=2, min_delta=99.0)], resume=path)
    assert resumed.rates == [] and again.epochs == history.epochs and again.stopped == history.stopped
    assert same(resumed.network.state_arrays(), trainer.network.state_arrays())


# BestWeights.


@pytest.mark.parametrize("decay", [None, 0.5])
def test_the_best_weights_by_another_number_are_in_a_file(pictures, tmp_path, decay):
    path, states, losses = tmp_path / "best.safetensors", [], []
    trainer = Noted(optim.Momentum(0.5), ema_decay=decay)  # too high: the loss goes up and down

    def note(epoch):
        losses.append(epoch.validation_loss)
        states.append(load_network(path).state_arrays())

    fit(trainer, pictures, epochs=6, callbacks=[BestWeights(path), note])
    best = losses.index(min(losses))
    assert 0 < best < 5
    assert same(load_network(path).state_arrays(), states[best])
    assert all(same(states[best], state) for state in states[best:])
    scores = load_network(path).evaluate(*(array[trainer.held_out] for array in pictures))
    assert scores.loss == pytest.approx(losses[best], rel=1e-6)


def test_the_best_weights_are_the_same_after_a_resume(pictures, tmp_path):
    checkpoint, files = tmp_path / "checkpoint", [tmp_path / "whole", tmp_path / "cut"]
    fit(Noted(optim.Momentum(0.5)), pictures, epochs=6, callbacks=[BestWeights(files[0])])
    with pytest.raises(KeyboardInterrupt):
        callbacks = [BestWeights(files[1]), cut(4)]
        fit(Noted(optim.Momentum(0.5)), pictures, epochs=6, callbacks=callbacks, checkpoint=checkpoint)
    fit(Noted(optim.Momentum(0.5)), pictures, epochs=6, callbacks=[BestWeights(files[1])], resume=checkpoint)
    assert files[0].read_bytes() == files[1].read_bytes()


# CSVLog.


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_log_has_a_row_for_each_epoch_as_it_ends(pictures, tmp_path):
    path, lengths = tmp_path / "log.csv", []
    history = fit(Noted(), pictures, callbacks=[CSVLog(path), lambda _: lengths.append(len(rows(path)))])
    assert lengths == [1, 2, 3, 4]
    for row, epoch in zip(rows(path), history.epochs, strict=True):
        assert float(row["loss"]) == epoch.loss and float(row["lr"]) == epoch.lr and int(row["epoch"]) == epoch.epoch
        assert float(row["validation_accuracy"]) == epoch.validation_accuracy and row["is_best"] == str(epoch.is_best)
    fit(Noted(), pictures, epochs=1, callbacks=[CSVLog(path)], validation=0)  # a log may be replaced
    assert [row["validation_loss"] for row in rows(path)] == [""]


def test_a_log_is_whole_after_a_resume(pictures, tmp_path):
    path, checkpoint = tmp_path / "log.csv", tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        fit(Noted(), pictures, callbacks=[CSVLog(path), cut(2)], checkpoint=checkpoint)
    for log in (path, tmp_path / "another.csv"):
        history = fit(Noted(), pictures, callbacks=[CSVLog(log)], resume=checkpoint)
        assert [float(row["loss"]) for row in rows(log)] == [epoch.loss for epoch in history.epochs]


@pytest.mark.parametrize("make", [CSVLog, BestWeights])
def test_another_persons_file_is_not_replaced(pictures, tmp_path, make):
    path, trainer = tmp_path / "mine", Noted()
    path.write_text("epoch,loss\n1,2\n")
    before = trainer.network.state_arrays()
    with pytest.raises(FastcnnError, match=r"mine exists and is no (log|network) that fastcnn wrote; choose another"):
        fit(trainer, pictures, callbacks=[make(path)])
    assert path.read_text() == "epoch,loss\n1,2\n" and same(trainer.network.state_arrays(), before)


@pytest.mark.parametrize("make", [CSVLog, BestWeights])
def test_a_missing_folder_is_said_before_the_first_epoch(pictures, tmp_path, make):
    trainer = Noted()
    with pytest.raises(FastcnnError, match=r"cannot write .*: its folder does not exist; make it or choose another"):
        fit(trainer, pictures, callbacks=[make(tmp_path / "nowhere" / "file")])
    assert trainer.rates == []


# What a callback is told.


class Hearing(Callback):
    """Notes what it is told."""

    def __init__(self):
        self.heard = []

    def on_start(self, training):
        self.training = training
        self.heard.append("start")

    def on_resume(self, epochs):
        self.heard.append(f"resume {len(epochs)}")

    def on_step(self, step):
        self.heard.append(step)
        return False  # ignored, as of the function

    def on_epoch_end(self, epoch):
        self.heard.append(epoch)


def test_an_object_is_told_what_functions_are_told(pictures):
    hearing, steps, epochs, trainer = Hearing(), [], [], Noted()
    history = fit(trainer, pictures, callbacks=[epochs.append, hearing], on_step=steps.append, epochs=2)
    assert hearing.heard == ["start", *steps[:STEPS], epochs[0], *steps[STEPS:], epochs[1]]
    assert hearing.training.trainer is trainer and hearing.training.network is trainer.network
    assert hearing.training.history is history and hearing.training.validates


def test_an_object_is_told_of_a_resume_and_may_stop_it(pictures, tmp_path):
    path, hearing, trainer = tmp_path / "checkpoint", Hearing(), Noted()
    history = fit(trainer, pictures, epochs=2, checkpoint=path)
    hearing.on_resume = lambda epochs: [epoch.loss for epoch in epochs] != [epoch.loss for epoch in history.epochs]
    again = fit(Noted(), pictures, epochs=3, resume=path, callbacks=[hearing])
    assert again.stopped == "Hearing asked to stop" and len(again.epochs) == 2


def test_an_object_is_told_before_the_checkpoint_and_a_function_after(pictures, tmp_path):
    path, seen = tmp_path / "checkpoint", []

    class Looking(Callback):
        def on_epoch_end(self, epoch):
            seen.append(path.read_bytes())

    fit(Noted(), pictures, epochs=1, checkpoint=path, callbacks=[Looking(), lambda _: seen.append(path.read_bytes())])
    assert seen[0] != seen[1]


class Warming(Callback):
    """Sets the rate after each step."""

    def on_start(self, training):
        self.optimizer = training.trainer.optimizer

    def on_step(self, step):
        self.optimizer.lr = 0.01 * (step.number + 2)


def test_a_rate_that_on_step_sets_counts_from_the_next_step_on(pictures):
    trainer = Noted(optim.SGD(0.01))
    fit(trainer, pictures, epochs=1, callbacks=[Warming()])
    assert trainer.rates == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.05])


@pytest.mark.parametrize("make", [ReduceLROnPlateau, EarlyStopping, lambda: BestWeights("best.safetensors")])
def test_what_cannot_be_watched_is_said_before_anything_changes(pictures, make):
    trainer = Noted()
    before = trainer.network.state_arrays()
    with pytest.raises(ValueError, match="watches validation_loss, but no pictures are set aside: give validation, or"):
        fit(trainer, pictures, callbacks=[make()], validation=0)
    assert same(trainer.network.state_arrays(), before) and len(trainer.held_out) == 0


@pytest.mark.parametrize("make", [ReduceLROnPlateau, EarlyStopping, lambda name: BestWeights("best", name)])
def test_an_accuracy_that_no_epoch_has_cannot_be_watched(pictures, make):
    trainer = Noted(loss=losses.MeanSquaredError())
    before = trainer.network.state_arrays()
    with pytest.raises(ValueError, match="which a training with MeanSquaredError has not: give monitor='validation_"):
        fit(trainer, (pictures[0], np.zeros((60, 10))), callbacks=[make("validation_accuracy")])
    assert same(trainer.network.state_arrays(), before)


@pytest.mark.parametrize("callbacks", [[EarlyStopping], [None], EarlyStopping()])
def test_what_is_no_callback_is_refused(pictures, callbacks):
    with pytest.raises(TypeError, match=r"a list of functions .* or of objects such as EarlyStopping"):
        fit(Noted(), pictures, callbacks=callbacks)


def test_callbacks_that_watch_change_no_bit(pictures, tmp_path):
    plain, watched = Noted(), Noted()
    fit(plain, pictures)
    callbacks = [EarlyStopping(patience=99), CSVLog(tmp_path / "log"), BestWeights(tmp_path / "best"), Hearing()]
    fit(watched, pictures, callbacks=[*callbacks, ReduceLROnPlateau(patience=99)])
    assert same(plain.network.state_arrays(), watched.network.state_arrays()) and math.isclose(
        plain.optimizer.lr, watched.optimizer.lr
    )


@pytest.mark.parametrize(("answer", "epochs"), [(False, 1), (np.False_, 1), (np.True_, 4), (None, 4), (0, 4)])
def test_false_stops_whether_it_is_pythons_or_numpys(pictures, answer, epochs):
    class Asking(Callback):
        def on_epoch_end(self, epoch):
            return answer

    for callback in (lambda epoch: answer, Asking()):
        assert len(fit(Noted(), pictures, callbacks=[callback]).epochs) == epochs
