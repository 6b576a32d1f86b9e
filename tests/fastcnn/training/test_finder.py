"""The learning-rate finder: rates and suggestion worked by hand, and that nothing of the trainer changes."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from fastcnn import Sequential, Trainer, load_mnist, optim
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Flatten
from fastcnn.training.augment import Augmentation
from fastcnn.training.finder import LearningRates, find_learning_rate


@pytest.fixture(scope="module")
def pictures():
    (images, labels), _ = load_mnist(normalize=False)
    return images[:100], labels[:100]


def trainer(**options):
    layers = [Conv2d(2, 5), BatchNorm2d(), Flatten(), Affine(10)]
    return Trainer(Sequential(layers, seed=0), optim.Adam(0.001), **options)


def find(given, pictures, **options):
    return find_learning_rate(given, *pictures, **{"steps": 20, "batch_size": 30, **options})


def test_the_rates_grow_by_one_factor_from_the_lowest_to_the_highest(pictures):
    found = find(trainer(), pictures, lowest=1e-5, highest=1e-4, steps=11)
    assert found.rates == pytest.approx([10 ** (-5 + step / 10) for step in range(11)], rel=1e-12)
    assert len(found.losses) == 11 and all(map(math.isfinite, found.losses))


def test_the_losses_are_those_of_a_training_at_these_rates(pictures):
    found, by_hand, losses = find(trainer(), pictures, lowest=1e-4, highest=1e-3, steps=12), trainer(), []
    by_hand.fit(
        *pictures, epochs=3, batch_size=30, validation=0, schedule=lambda step: found.rates[step], progress=False,
        on_step=lambda step: losses.append(float(step.loss)),
    )  # fmt: skip
    assert list(found.losses) == losses


def test_a_dataset_and_channels_last_give_the_same(pictures):
    images, labels = pictures

    class InFile:
        def __len__(self):
            return len(images)

        def batch(self, indices):
            return images[indices].transpose(0, 2, 3, 1), labels[indices]

    expected = find(trainer(), pictures)
    assert find(trainer(), (images.transpose(0, 2, 3, 1), labels), layout="NHWC") == expected
    assert find(trainer(), (InFile(),), layout="NHWC") == expected


def test_nothing_changes(pictures):
    given = trainer(ema_decay=0.5, clip_norm=1.0, label_smoothing=0.1, augmentation=Augmentation())
    given.fit(*pictures, epochs=1, progress=False)

    def state():
        arrays = given.network.state_arrays(), given.optimizer.state_arrays(), given._average.state_arrays()
        numbers = given.network.gradients.copy(), given.held_out.copy(), given.optimizer.lr, given._steps
        return [*(array for each in arrays for array in each.values()), *numbers]

    before = state()
    first = find(given, pictures)
    for old, new in zip(before, state(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert find(given, pictures) == first


def test_a_loss_that_breaks_ends_it(pictures):
    given = Trainer(trainer().network, optim.SGD(0.1))
    found = find(given, pictures, lowest=1e-3, highest=1e6, steps=60)
    assert len(found.rates) == len(found.losses) < 60 and all(map(math.isfinite, found.losses))
    assert not [n for n in range(1, len(found.losses) - 1) if found.losses[n] > 4 * min(found.losses[: n + 1])]


def test_a_loss_that_is_broken_from_the_start_is_one_sentence(pictures):
    given = Trainer(trainer().network, optim.SGD(0.1))
    with np.errstate(all="ignore"), pytest.raises(FastcnnError, match=r"the loss broke after \d steps: lowest is too"):
        find(given, pictures, lowest=1e36, highest=1e38)


RATES = tuple(10 ** (-6 + step / 10) for step in range(61))


def test_the_suggestion_is_where_the_loss_falls_fastest():
    """A smooth step down round 1e-3, which is at step 30, then a rise: the middle of the fall, by symmetry."""
    losses = [2.0 - math.tanh((step - 30) / 8) + (10.0 if step > 55 else 0.0) for step in range(61)]
    assert LearningRates(RATES, tuple(losses)).suggestion == pytest.approx(1e-3)


def test_the_smooth_curve_is_the_mean_of_five_losses_on_each_side():
    losses = [0.0] * 30 + [11.0] + [0.0] * 30
    smoothed = LearningRates(RATES, tuple(losses)).smoothed
    assert smoothed == pytest.approx([0.0] * 25 + [1.0] * 11 + [0.0] * 25)
    straight = tuple(range(61))
    assert LearningRates(RATES, straight).smoothed == pytest.approx(straight)  # also at the ends


def test_it_says_and_draws_what_it_found(monkeypatch):
    losses = [2.0 - math.tanh((step - 30) / 8) for step in range(61)]
    found = LearningRates(RATES, tuple(losses))
    assert repr(found) == "LearningRates(61 steps from 1e-06 to 1, suggestion 0.001)"
    (panel,) = found.plot().axes
    batch, smooth, mark = panel.lines
    assert panel.get_xscale() == "log"
    np.testing.assert_array_equal(batch.get_xydata(), np.array([RATES, losses]).T)
    np.testing.assert_array_equal(smooth.get_ydata(), found.smoothed)
    assert mark.get_xdata()[0] == found.suggestion
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(FastcnnError, match="a plot needs matplotlib, which is not installed; run pip install matplot"):
        found.plot()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"lowest": 0.1, "highest": 0.1}, r"lowest must be below highest, 0\.1, not 0\.1"),
        ({"steps": 9}, "steps must lie between 10 and"),
        ({"batch_size": 0}, "batch_size must lie between 1 and"),
    ],
)
def test_what_cannot_be_tried_is_refused(pictures, options, says):
    with pytest.raises(ValueError, match=says):
        find(trainer(), pictures, **options)
