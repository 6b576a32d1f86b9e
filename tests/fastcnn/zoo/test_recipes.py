"""Recipes: each network has one, and its schedule ends with the training."""

from dataclasses import replace

import numpy as np
import pytest

from fastcnn import load_mnist
from fastcnn.handwriting.synthesis.nondigits import KINDS
from fastcnn.zoo.networks import BUNDLED, COMMITTEE, COMMITTEE_OF, NAMED
from fastcnn.zoo.recipes import BUNDLED_RECIPES, RECIPES


def test_each_bundled_network_has_a_recipe():
    assert {*BUNDLED} - {COMMITTEE} | {COMMITTEE_OF} <= set(RECIPES) & set(BUNDLED_RECIPES)
    assert set(RECIPES) | set(BUNDLED_RECIPES) == {*NAMED} - {COMMITTEE}


def test_bundled_recipe_mixes_synthetic_digits_in():
    recipe = replace(BUNDLED_RECIPES["paper"], synthetic=28)
    images, labels = np.zeros((4, 1, 28, 28), np.uint8), np.array([3, 3, 3, 3])
    mixed, mixed_labels = recipe.mix(images, labels, seed=0)
    assert mixed.shape == (32, 1, 28, 28)
    assert not mixed[:4].any()
    assert mixed[4:].any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(np.bincount(mixed_labels[4:]), [2, 4, 2, 2, 4, 2, 2, 4, 2, 4])
    assert RECIPES["paper"].mix(images, labels, seed=0)[0] is images


def test_refusal_recipe_mixes_scans_and_labelled_nondigits_in():
    recipe = replace(BUNDLED_RECIPES["refusal"], synthetic=14, redrawn=2, scans=3, nondigits=100)
    (images, labels), _ = load_mnist(normalize=False)
    mixed, mixed_labels = recipe.mix(images[:5], labels[:5], seed=0)
    assert mixed.shape == (122, 1, 28, 28)
    assert not (mixed[:2] == images[:2]).all(axis=(1, 2, 3)).any()
    np.testing.assert_array_equal(mixed[2:5], images[2:5])
    np.testing.assert_array_equal(mixed_labels[:5], labels[:5])
    assert (mixed_labels[5:19] < 10).all()
    np.testing.assert_array_equal(mixed_labels[19:22], labels[2:5])  # the copies as scans
    assert not (mixed[19:22] == images[2:5]).all(axis=(1, 2, 3)).any()
    assert (mixed_labels[22:] >= 10).all()
    assert NAMED["refusal"].make(seed=0).output_shape == (10 + len(KINDS),)


def test_second_training_sees_the_kept_pictures_and_its_own_and_none_held_out():
    then = replace(BUNDLED_RECIPES["default"].then, synthetic=14, scans=2)
    recipe = replace(BUNDLED_RECIPES["default"], synthetic=28, then=then)
    (images, labels), _ = load_mnist(normalize=False)
    mixed, named = recipe.mix(images[:5], labels[:5], seed=0)
    held_out = np.array([0, 3, 4, 6, 32])
    again, renamed = recipe.mix_again(mixed, named, 5, held_out, seed=0)
    assert len(again) == len(renamed) == 28 + 14 + 2
    kept = [5, *range(7, 32), 1, 2]  # pen digits, then MNIST's
    np.testing.assert_array_equal(again[:28], mixed[kept])
    np.testing.assert_array_equal(renamed[:28], named[kept])
    np.testing.assert_array_equal(renamed[42:], labels[1:3])  # copies of MNIST's as scans
    assert not (again[42:] == images[1:3]).all(axis=(1, 2, 3)).any()
    assert not (again[:, None] == mixed[held_out]).all(axis=(2, 3, 4)).any()


def test_second_training_of_the_refusing_network_sees_again_what_is_no_digit():
    then = replace(BUNDLED_RECIPES["refusal"].then, synthetic=14, scans=2)
    recipe = replace(BUNDLED_RECIPES["refusal"], synthetic=14, redrawn=2, scans=3, nondigits=100, then=then)
    (images, labels), _ = load_mnist(normalize=False)
    mixed, named = recipe.mix(images[:5], labels[:5], seed=0)
    again, renamed = recipe.mix_again(mixed, named, 5, np.array([0, 30, 121]), seed=0)
    assert len(again) == len(renamed) == 119 + 14 + 2
    np.testing.assert_array_equal(again[17:115], np.delete(mixed[22:], [8, 99], axis=0))
    np.testing.assert_array_equal(renamed[17:115], np.delete(named[22:], [8, 99]))
    np.testing.assert_array_equal(again[115:119], mixed[1:5])  # MNIST's, the redrawn one first
    assert (renamed[119:133] < 10).all()
    np.testing.assert_array_equal(renamed[133:], labels[3:5])  # copies of two that are not redrawn


def test_refusing_network_is_small():
    assert 4 * NAMED["refusal"].make(seed=0).parameter_count < 900_000


def test_deep_network_is_small():
    network = NAMED["default"].make(seed=0)
    assert network.output_shape == (10,)
    assert network.parameter_count == 155_498


@pytest.mark.parametrize(("images", "batch_size", "steps"), [(55_000, 100, 550), (55_001, 100, 551), (99, 100, 1)])
def test_schedule_covers_the_training(images, batch_size, steps):
    recipe = RECIPES["paper"]
    schedule = recipe.schedule(4, images, batch_size)
    rates = [schedule(step) for step in range(4 * steps)]
    assert max(rates) == pytest.approx(recipe.lr, rel=1e-9)
    assert rates[-1] < recipe.lr * 1e-4
    assert rates[0] <= recipe.lr


def test_trainer_takes_the_recipe():
    recipe = RECIPES["paper"]
    trainer = recipe.trainer(NAMED["paper"].make(seed=0))
    assert trainer.label_smoothing == recipe.label_smoothing
    assert trainer.ema_decay == recipe.ema_decay
    assert trainer.optimizer.lr == recipe.lr
    assert trainer.optimizer.describe()["weight_decay"] == recipe.weight_decay
    assert trainer.augmentation is None
    assert BUNDLED_RECIPES["paper"].trainer(NAMED["paper"].make(seed=0)).augmentation is not None
