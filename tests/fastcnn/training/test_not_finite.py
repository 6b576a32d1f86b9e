"""Numbers that are none: a step whose loss is not finite changes nothing, and pictures are looked at once."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import Sequential, Trainer, kernels, load_mnist, optim
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, Flatten
from fastcnn.network import sequential
from fastcnn.network.answers import check_pictures
from fastcnn.training import samples
from fastcnn.training.trainer import TrainingError


@pytest.fixture(scope="module")
def pictures():
    (images, labels), _ = load_mnist()
    return images[:40], labels[:40]


@pytest.fixture(params=["cpu", "reference"])
def trainer(request):
    before = kernels.backend()
    kernels.use(request.param)
    yield Trainer(Sequential([Flatten(), Affine(10)], seed=0), optim.Adam(0.01), ema_decay=0.5)
    kernels.use(before)


def test_a_step_whose_loss_is_not_finite_is_an_error_and_changes_nothing(trainer, pictures):
    trainer.step(*pictures)
    trainer.network.values[0] = np.nan
    before = trainer.network.state_arrays(), trainer.optimizer.state_arrays(), trainer._average.state_arrays()
    for _ in range(2):
        with pytest.raises(TrainingError, match="the loss became nan in step 2; a lower learning rate or clip_norm"):
            trainer.step(*pictures)
    after = trainer.network.state_arrays(), trainer.optimizer.state_arrays(), trainer._average.state_arrays()
    for old, new in zip(before, after, strict=True):
        for name in old:
            np.testing.assert_array_equal(old[name], new[name], err_msg=name)
    assert issubclass(TrainingError, FastcnnError)


def test_fit_says_in_which_epoch(trainer, pictures):
    def spoil(step):
        if step.number == 5:
            trainer.network.values[0] = np.nan

    with pytest.raises(TrainingError, match="the loss became nan in epoch 2, step 3 of 4; a lower learning rate"):
        trainer.fit(*pictures, epochs=3, batch_size=10, validation=0, on_step=spoil, progress=False)


def test_an_error_of_training_without_a_loss_comes_through(trainer, pictures):
    def leave(epoch):
        raise TrainingError("enough")

    with pytest.raises(TrainingError, match=r"^enough$"):
        trainer.fit(*pictures, epochs=1, callbacks=[leave], progress=False)


def test_the_sentence_is_the_same_wherever_pictures_come_in(trainer, pictures):
    images, labels = pictures[0].copy(), pictures[1]
    images[7, 0, 3, 3] = np.inf
    for call in (
        lambda: trainer.network.predict_proba(images),
        lambda: trainer.network.loss_and_gradients(images, labels),
        lambda: trainer.step(images, labels),
        lambda: trainer.fit(images, labels, epochs=1),
    ):
        with pytest.raises(ValueError, match=r"^images hold infinity, first in picture 7; give finite numbers, from 0"):
            call()


def test_a_step_looks_at_its_pictures_once(trainer, pictures, monkeypatch):
    looks = []

    def look(images, *args):
        looks.append(len(images))
        check_pictures(images, *args)

    monkeypatch.setattr(sequential, "check_pictures", look)
    monkeypatch.setattr(samples, "check_pictures", look)
    trainer.step(*pictures)
    assert looks == [40]
    trainer.fit(*pictures, epochs=2, batch_size=20, validation=0, progress=False)
    assert looks == [40, 40, 20, 20, 20, 20]
