"""Recipes: each network has one, and its schedule ends with the training."""

import pytest

from fastcnn.recipes import NETWORKS, RECIPES
from fastcnn.recognizer import BUNDLED


def test_each_bundled_network_has_a_recipe():
    assert set(BUNDLED) <= set(RECIPES) == set(NETWORKS)


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
    trainer = recipe.trainer(NETWORKS["paper"](seed=0))
    assert trainer.label_smoothing == recipe.label_smoothing
    assert trainer.ema_decay == recipe.ema_decay
    assert trainer.optimizer.lr == recipe.lr
    assert trainer.optimizer.describe()["weight_decay"] == recipe.weight_decay
