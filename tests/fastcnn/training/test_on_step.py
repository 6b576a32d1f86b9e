"""`Trainer.fit(on_step=…)`: what is told of each step, what it costs, and what an exception in it does."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fastcnn import Sequential, Trainer, kernels, load_mnist, optim
from fastcnn.layers import Affine, Flatten
from fastcnn.optim.schedules import Cosine
from fastcnn.training.history import TrainingStep


@pytest.fixture(scope="module")
def pictures():
    (images, labels), _ = load_mnist(normalize=False)
    return images[:25], labels[:25]


@pytest.fixture(autouse=True, params=["reference", "cpu"])
def backend(request):
    before = kernels.backend()
    kernels.use(request.param)
    yield
    kernels.use(before)


def trainer():
    return Trainer(Sequential([Flatten(), Affine(10)], seed=0), optim.Momentum(0.08))


def fit(given, pictures, **options):
    return given.fit(*pictures, **{"epochs": 2, "batch_size": 10, "validation": 0, "progress": False, **options})


def same(first, second):
    return all(np.array_equal(first[name], second[name]) for name in first)


def test_each_step_is_told_once_in_order(pictures):
    steps = []
    fit(trainer(), pictures, on_step=steps.append)
    assert [(step.number, step.epoch, step.images) for step in steps] == [
        (0, 1, 10), (1, 1, 10), (2, 1, 5), (3, 2, 10), (4, 2, 10), (5, 2, 5),
    ]  # fmt: skip
    with pytest.raises(dataclasses.FrozenInstanceError):
        steps[0].number = 1


def test_the_losses_of_the_steps_make_the_loss_of_the_epoch(pictures):
    steps = []
    history = fit(trainer(), pictures, on_step=steps.append)
    for record in history.epochs:
        told = [step for step in steps if step.epoch == record.epoch]
        assert sum(float(step.loss) * step.images for step in told) / 25 == pytest.approx(record.loss, rel=1e-12)


def test_it_is_called_after_the_update(pictures):
    given, seen = trainer(), []
    before = given.network.values.copy()
    fit(given, pictures, epochs=1, batch_size=25, on_step=lambda _: seen.append(given.network.values.copy()))
    assert not np.array_equal(seen[0], before)
    np.testing.assert_array_equal(seen[0], given.network.values)


def test_looking_on_changes_no_bit_and_what_it_returns_is_ignored(pictures):
    looked_at, alone = trainer(), trainer()
    history = fit(looked_at, pictures, on_step=lambda step: float(step.loss) < 0)  # False, which stops in a callback
    assert history.stopped is None
    fit(alone, pictures)
    assert same(looked_at.network.state_arrays(), alone.network.state_arrays())


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_exception_ends_the_training_and_a_resume_ends_in_the_same_bits(pictures, tmp_path, error):
    path, schedule = tmp_path / "checkpoint", Cosine(0.08, 9)

    def leave(step: TrainingStep) -> None:
        if step.number == 4:  # in the middle of the second epoch
            raise error

    stopped, whole, steps = trainer(), trainer(), []
    with pytest.raises(error):
        fit(stopped, pictures, epochs=3, schedule=schedule, checkpoint=path, on_step=leave)
    assert stopped.optimizer.lr == 0.08
    fit(stopped, pictures, epochs=3, schedule=schedule, resume=path, on_step=steps.append)
    assert [step.number for step in steps] == [3, 4, 5, 6, 7, 8]
    fit(whole, pictures, epochs=3, schedule=schedule)
    assert same(stopped.network.state_arrays(), whole.network.state_arrays())


def test_a_rate_that_is_set_after_a_step_counts_from_the_next_one_on(pictures):
    given, rates = trainer(), []

    def halve(step: TrainingStep) -> None:
        rates.append(given.optimizer.lr)
        if step.number == 1:
            given.optimizer.lr = 0.01

    fit(given, pictures, schedule=Cosine(0.08, 6), on_step=halve)
    assert rates[2:] == [0.01] * 4 and given.optimizer.lr == 0.01


@pytest.mark.parametrize("on_step", [3, "print", [print], TrainingStep])
def test_what_is_no_function_is_refused(pictures, on_step):
    given = trainer()
    before = given.network.values.copy()
    with pytest.raises(TypeError, match="on_step must be a function that takes a TrainingStep, or None, not"):
        fit(given, pictures, on_step=on_step)
    np.testing.assert_array_equal(given.network.values, before)
