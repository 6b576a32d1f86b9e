"""The learning rate of `Trainer.fit`: a schedule's, or what a callback sets, and the optimizer's own afterwards."""

import math

import numpy as np
import pytest

from fastcnn import Sequential, Trainer, load_mnist, optim
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, Flatten
from fastcnn.optim.schedules import Cosine, OneCycle
from fastcnn.training.checkpoint import load_checkpoint, save_checkpoint

STEPS = 5  # an epoch of 50 pictures in batches of 10


@pytest.fixture(scope="module")
def pictures():
    (images, labels), _ = load_mnist(normalize=False)
    return images[:50], labels[:50]


class Noted(Trainer):
    """Notes the learning rate of each step."""

    def __init__(self, optimizer=None):
        super().__init__(Sequential([Flatten(), Affine(10)], seed=0), optimizer or optim.Momentum(0.08))
        self.rates = []

    def step(self, images, labels):
        self.rates.append(self.optimizer.lr)
        return super().step(images, labels)


def fit(trainer, pictures, **options):
    return trainer.fit(*pictures, **{"epochs": 4, "batch_size": 10, "validation": 0, "progress": False, **options})


def halving(trainer, *, at=(2, 3)):
    """A callback that halves the learning rate after some epochs."""

    def callback(epoch):
        if epoch.epoch in at:
            trainer.optimizer.lr *= 0.5

    return callback


def same(first, second):
    return all(np.array_equal(first[name], second[name]) for name in first) and set(first) == set(second)


SCHEDULES = {
    "none": lambda: None,
    "one cycle": lambda: OneCycle(0.08, 4 * STEPS),
    "cosine": lambda: Cosine(0.08, 4 * STEPS),
    "a function": lambda: lambda step: 0.08 / (1 + step),
}


def test_a_rate_that_a_callback_sets_counts_from_then_on(pictures):
    trainer = Noted()
    history = fit(trainer, pictures, callbacks=[halving(trainer)])
    assert trainer.rates == [0.08] * 2 * STEPS + [0.04] * STEPS + [0.02] * STEPS
    assert [epoch.lr for epoch in history.epochs] == [0.08, 0.08, 0.04, 0.02]
    assert trainer.optimizer.lr == 0.02


def test_a_rate_that_a_callback_sets_replaces_the_schedule(pictures):
    schedule, trainer = OneCycle(0.08, 4 * STEPS), Noted()

    def keep(epoch):
        if epoch.epoch == 2:
            trainer.optimizer.lr = epoch.lr  # the very rate of its last step: from here on it shall stay

    fit(trainer, pictures, schedule=schedule, callbacks=[keep])
    assert trainer.rates == [schedule(step) for step in range(2 * STEPS)] + [schedule(2 * STEPS - 1)] * 2 * STEPS


def test_another_optimizer_of_a_callback_has_its_own_rate(pictures):
    trainer = Noted()

    def exchange(epoch):
        if epoch.epoch == 2:
            trainer.optimizer = optim.SGD(0.5)

    fit(trainer, pictures, schedule=Cosine(0.08, 4 * STEPS), callbacks=[exchange])
    assert trainer.rates[2 * STEPS :] == [0.5] * 2 * STEPS


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_optimizer_has_its_own_rate_back_afterwards(pictures, schedule):
    trainer = Noted(optim.Adam(0.03))
    fit(trainer, pictures, schedule=SCHEDULES[schedule]())
    assert trainer.optimizer.lr == 0.03
    trainer.rates.clear()
    fit(trainer, pictures)
    assert trainer.rates == [0.03] * 4 * STEPS


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("changed", [False, True])
def test_the_optimizer_has_its_own_rate_back_after_an_interruption(pictures, error, changed):
    trainer = Noted()

    def interrupt(epoch):
        if changed:
            trainer.optimizer.lr = 0.5
        raise error

    with pytest.raises(error):
        fit(trainer, pictures, schedule=SCHEDULES["cosine"](), callbacks=[interrupt])
    assert trainer.optimizer.lr == 0.08


@pytest.mark.parametrize("name", ["none", "one cycle", "cosine"])
@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_resume_goes_on_at_the_rate_that_was_set(pictures, tmp_path, name, stop):
    path, schedule = tmp_path / "checkpoint", SCHEDULES[name]()
    whole, first, second = Noted(), Noted(), Noted()
    fit(whole, pictures, schedule=schedule, callbacks=[halving(whole)])
    stopping = [halving(first), lambda epoch: epoch.epoch < stop]
    fit(first, pictures, schedule=schedule, checkpoint=path, callbacks=stopping)
    fit(second, pictures, schedule=schedule, resume=path, callbacks=[halving(second)])
    assert second.rates == whole.rates[stop * STEPS :]
    assert same(second.network.state_arrays(), whole.network.state_arrays())


def test_an_interrupted_training_goes_on_with_the_same_trainer(pictures, tmp_path):
    path, whole, trainer = tmp_path / "checkpoint", Noted(), Noted()
    fit(whole, pictures, callbacks=[halving(whole)])

    def interrupt(epoch):
        if epoch.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(trainer, pictures, checkpoint=path, callbacks=[halving(trainer, at=(2,)), interrupt])
    fit(trainer, pictures, resume=path, callbacks=[])
    assert trainer.rates == [0.08] * 2 * STEPS + [0.04] * STEPS + [0.04] * STEPS


@pytest.mark.parametrize("lr", [-0.1, math.inf, "0.1", True])
def test_a_checkpoint_with_an_impossible_rate_is_damaged(pictures, tmp_path, lr):
    path = tmp_path / "checkpoint"
    fit(Noted(), pictures, epochs=1, checkpoint=path)
    checkpoint = load_checkpoint(path)
    assert checkpoint.lr is None
    checkpoint.lr = lr
    save_checkpoint(checkpoint, path)
    with pytest.raises(FastcnnError, match="is a damaged checkpoint"):
        fit(Noted(), pictures, epochs=2, resume=path)


@pytest.mark.parametrize("schedule", [0.1, "cosine", OneCycle, np.ones(8)])
def test_what_is_no_schedule_is_refused(pictures, schedule):
    with pytest.raises(TypeError, match=r"schedule must be one of fastcnn\.schedules, or a function"):
        fit(Noted(), pictures, schedule=schedule)


def test_a_function_cannot_be_kept_in_a_checkpoint(pictures, tmp_path):
    with pytest.raises(TypeError, match=r"schedule must be one of fastcnn\.schedules where a checkpoint is kept"):
        fit(Noted(), pictures, schedule=lambda step: 0.1, checkpoint=tmp_path / "checkpoint")


@pytest.mark.parametrize("callbacks", [print, [print, 3], "print", None])
def test_what_are_no_callbacks_is_refused(pictures, callbacks):
    with pytest.raises(TypeError, match="callbacks must be a list of functions"):
        fit(Noted(), pictures, callbacks=callbacks)
