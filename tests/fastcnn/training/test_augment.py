"""Augmentation: a pure function of seed, epoch and picture, within its limits, and part of a training's settings."""

import numpy as np
import pytest

from fastcnn import Trainer, load_mnist, optim
from fastcnn.errors import FastcnnError
from fastcnn.hashing import GOLDEN, splitmix64
from fastcnn.layers import Affine, Flatten
from fastcnn.network.sequential import Sequential
from fastcnn.training.augment import DRAWN, Augmentation, uniform


@pytest.fixture(scope="module")
def digits():
    (images, labels), _ = load_mnist(normalize=False)
    return images[:300].copy(), labels[:300]


def changed(images, numbers, **options):
    out = np.empty_like(images)
    Augmentation().apply(images, np.asarray(numbers), **{"seed": 0, "epoch": 0, **options}, out=out)
    return out


def test_numbers_are_uniform_and_each_ones_own():
    drawn = uniform(7, np.arange(5000), DRAWN)
    assert drawn.min() >= -1
    assert drawn.max() < 1
    assert np.abs(drawn.mean(axis=0)).max() < 5 * np.sqrt(1 / 3 / 5000)
    assert np.abs(np.corrcoef(drawn.T) - np.eye(DRAWN)).max() < 0.08
    np.testing.assert_array_equal(uniform(7, np.array([4999, 3]), DRAWN), drawn[[4999, 3]])


def test_numbers_are_outputs_of_splitmix64():
    """Picture n has outputs n * DRAWN and on of the generator seeded with the key: their upper 53 bits."""
    drawn = uniform(2**64 - 5, np.array([59_999, 0]), DRAWN)
    for row, number in zip(drawn, (59_999, 0), strict=True):
        states = [(2**64 - 5 + (number * DRAWN + i) * GOLDEN) % 2**64 for i in range(DRAWN)]
        np.testing.assert_array_equal(row, [(splitmix64(state) >> 11) / 2**52 - 1 for state in states])


def test_picture_is_changed_alike_in_every_batch(digits):
    images, _ = digits
    all_at_once = changed(images, np.arange(300))
    order = np.random.default_rng(1).permutation(300)
    np.testing.assert_array_equal(changed(images[order], order), all_at_once[order])
    assert not np.array_equal(all_at_once, changed(images, np.arange(300), epoch=1))
    assert not np.array_equal(all_at_once, changed(images, np.arange(300), seed=1))


def test_pictures_stay_digits(digits):
    """The ink neither vanishes nor leaves the picture, on the mean."""
    images, _ = digits
    ink, before = (array.reshape(300, -1).mean(axis=1) for array in (changed(images, np.arange(300)), images))
    assert 0.8 < (ink / before).mean() < 1.25
    assert (ink / before).min() > 0.3


def test_no_amounts_change_nothing(digits):
    images, _ = digits
    still = Augmentation(turn_deg=0, scale=0, slant=0, shift_px=0, elastic_px=0, stroke=0, hole=0)
    out = np.empty_like(images)
    still.apply(images, np.arange(300), seed=0, epoch=0, out=out)
    np.testing.assert_array_equal(out, images)


def network():
    return Sequential([Flatten(), Affine(10)], seed=0)


def trained(digits, path=None, resume=None, stop_after=None, **options):
    trainer = Trainer(network(), optim.SGD(0.1), augmentation=Augmentation(**options))
    callbacks = [lambda record: record.epoch != stop_after]
    trainer.fit(*digits, epochs=3, validation=20, progress=False, checkpoint=path, resume=resume, callbacks=callbacks)
    return trainer.network.values


def test_resumed_training_ends_in_the_same_bits(digits, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    trained(digits, path, stop_after=1)
    np.testing.assert_array_equal(trained(digits, resume=path), trained(digits))


def test_augmentation_is_part_of_the_settings(digits, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    trained(digits, path, stop_after=1)
    with pytest.raises(FastcnnError, match="augmentation"):
        trained(digits, resume=path, turn_deg=3)


def test_training_changes_the_pictures(digits):
    plain = Trainer(network(), optim.SGD(0.1))
    plain.fit(*digits, epochs=3, validation=20, progress=False)
    assert not np.array_equal(trained(digits), plain.network.values)


def test_equal_channels_stay_equal(digits):
    images, out = digits[0][:50].repeat(3, axis=1), np.empty((50, 3, 28, 28), np.uint8)
    Augmentation().apply(images, np.arange(50), seed=0, epoch=0, out=out)
    for channel in range(3):
        np.testing.assert_array_equal(out[:, channel : channel + 1], changed(digits[0][:50], np.arange(50)))


@pytest.mark.parametrize(("option", "value"), [("turn_deg", -1), ("scale", 1), ("hole", float("nan"))])
def test_impossible_amounts_are_refused(option, value):
    with pytest.raises(ValueError, match=option):
        Augmentation(**{option: value})
