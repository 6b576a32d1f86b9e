"""Changed pictures: backends agree bit for bit, and known changes move pixels where they should."""

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.kernels.columns import ACROSS, DOWN, HOLE, NUMBERS, STROKE
from fastcnn.training.augment import Augmentation, waves

SHAPE = (2, 7, 9)


@pytest.fixture
def pictures(rng):
    return rng.integers(0, 256, SHAPE, dtype=np.uint8)


@pytest.fixture(params=["reference", "cpu"])
def change(request):
    """Run a backend's kernel on pictures, with the identity's numbers changed as given: {column: value}."""
    module = __import__(f"fastcnn.kernels.{request.param}", fromlist=["augment"])

    def run(images, changes=()):
        count, height, width = images.shape
        numbers = np.zeros((count, NUMBERS), np.float32)
        numbers[:, DOWN], numbers[:, DOWN + 2] = 1, (height - 1) / 2
        numbers[:, ACROSS + 1], numbers[:, ACROSS + 2] = 1, (width - 1) / 2
        for column, value in dict(changes).items():
            numbers[:, column] = value
        out = np.empty_like(images)
        module.augment(out, images, numbers, waves(height), waves(width))
        return out

    return run


def test_identity_changes_nothing(change, pictures):
    np.testing.assert_array_equal(change(pictures), pictures)


def test_source_one_row_further_shifts_up(change, pictures):
    out = change(pictures, {DOWN + 2: (SHAPE[1] - 1) / 2 + 1})
    np.testing.assert_array_equal(out[:, :-1], pictures[:, 1:])
    assert not out[:, -1].any()


def test_half_a_column_is_the_mean(change, pictures):
    out = change(pictures, {ACROSS + 2: (SHAPE[2] - 1) / 2 + 0.5})
    expected = (pictures[:, :, :-1].astype(int) + pictures[:, :, 1:] + 1) // 2
    np.testing.assert_array_equal(out[:, :, :-1], expected)


def test_far_away_is_background(change, pictures):
    assert not change(pictures, {DOWN + 2: 1e6}).any()
    assert not change(pictures, {ACROSS + 2: -1e6}).any()


@pytest.mark.parametrize(("amount", "extreme"), [(1, np.max), (-1, np.min)])
def test_whole_stroke_is_the_extreme_of_the_neighbours(change, pictures, amount, extreme):
    wide = np.pad(pictures, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, (3, 3), axis=(1, 2))
    np.testing.assert_array_equal(change(pictures, {STROKE: amount}), extreme(windows, axis=(3, 4)))


def test_hole_has_no_ink_and_nothing_else_changes(change, pictures):
    out = change(pictures, {HOLE: 2, HOLE + 1: 4, HOLE + 2: 3, HOLE + 3: 8})
    assert not out[:, 2:4, 3:8].any()
    out[:, 2:4, 3:8] = pictures[:, 2:4, 3:8]
    np.testing.assert_array_equal(out, pictures)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [(1, 1, 1), (23, 28, 28), (3, 5, 40), (11, 33, 7)])
def test_backends_agree_bit_for_bit(shape, threads, rng):
    from fastcnn.kernels import cpu, reference

    images = rng.integers(0, 256, shape, dtype=np.uint8)
    drawn = rng.uniform(-1, 1, (shape[0], 32))
    numbers = Augmentation(turn_deg=40, shift_px=9, elastic_px=6, stroke=1, hole=0.5)._numbers(drawn, *shape[1:])
    down_across = waves(shape[1]), waves(shape[2])
    expected, out = np.empty_like(images), np.empty_like(images)
    reference.augment(expected, images, numbers, *down_across)
    before = kernels.threads.threads()
    kernels.threads.set_threads(threads)
    try:
        cpu.augment(out, images, numbers, *down_across)
    finally:
        kernels.threads.set_threads(before)
    np.testing.assert_array_equal(out, expected)
