"""Changed pictures: backends agree bit for bit, and known changes move pixels where they should."""

import hashlib

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.kernels.columns import ACROSS, DOWN, HOLE, NUMBERS, STROKE
from fastcnn.training.augment import Augmentation, waves

SHAPE = (2, 3, 7, 9)
DTYPES = (np.uint8, np.float32)


def drawn(rng, shape, dtype):
    bytes_ = rng.integers(0, 256, shape, dtype=np.uint8)
    return bytes_ if dtype == np.uint8 else bytes_ / np.float32(255)


@pytest.fixture(params=DTYPES)
def pictures(rng, request):
    return drawn(rng, SHAPE, request.param)


STRONG = Augmentation(turn_deg=40, shift_px=9, elastic_px=6, stroke=1, hole=0.5)


@pytest.fixture(params=["reference", "cpu"])
def change(request):
    """Run a backend's kernel on pictures, with the identity's numbers changed as given: {column: value}."""
    module = __import__(f"fastcnn.kernels.{request.param}", fromlist=["augment"])

    def run(images, changes=()):
        count, _, height, width = images.shape
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
    out = change(pictures, {DOWN + 2: (SHAPE[2] - 1) / 2 + 1})
    np.testing.assert_array_equal(out[:, :, :-1], pictures[:, :, 1:])
    assert not out[:, :, -1].any()


def test_half_a_column_is_the_mean(change, pictures):
    out = change(pictures, {ACROSS + 2: (SHAPE[3] - 1) / 2 + 0.5})
    left, right = pictures[..., :-1], pictures[..., 1:]
    if pictures.dtype == np.uint8:
        expected = (left.astype(int) + right + 1) // 2
    else:
        expected = left + np.float32(0.5) * (right - left)
    np.testing.assert_array_equal(out[..., :-1], expected)


def test_far_away_is_background(change, pictures):
    assert not change(pictures, {DOWN + 2: 1e6}).any()
    assert not change(pictures, {ACROSS + 2: -1e6}).any()


@pytest.mark.parametrize(("amount", "extreme"), [(1, np.max), (-1, np.min)])
def test_whole_stroke_is_the_extreme_of_the_neighbours(change, pictures, amount, extreme):
    wide = np.pad(pictures, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, (3, 3), axis=(2, 3))
    expected = extreme(windows, axis=(4, 5))
    # value + (extreme - value) is rounded twice
    np.testing.assert_allclose(change(pictures, {STROKE: amount}), expected, rtol=0, atol=2 * np.finfo(np.float32).eps)


def test_hole_has_no_ink_and_nothing_else_changes(change, pictures):
    out = change(pictures, {HOLE: 2, HOLE + 1: 4, HOLE + 2: 3, HOLE + 3: 8})
    assert not out[..., 2:4, 3:8].any()
    out[..., 2:4, 3:8] = pictures[..., 2:4, 3:8]
    np.testing.assert_array_equal(out, pictures)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (23, 1, 28, 28), (3, 3, 5, 40), (11, 4, 33, 7)])
def test_backends_agree_bit_for_bit(shape, threads, dtype, rng):
    from fastcnn.kernels import cpu, reference

    images = drawn(rng, shape, dtype)
    numbers = STRONG._numbers(rng.uniform(-1, 1, (shape[0], 32)), *shape[2:])
    down_across = waves(shape[2]), waves(shape[3])
    expected, out = np.empty_like(images), np.empty_like(images)
    reference.augment(expected, images, numbers, *down_across)
    before = kernels.threads.threads()
    kernels.threads.set_threads(threads)
    try:
        cpu.augment(out, images, numbers, *down_across)
    finally:
        kernels.threads.set_threads(before)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_channels_change_as_grey_pictures_do(dtype, rng):
    """Each channel of a picture has the bits that it has as a grey picture with the same number."""
    images = drawn(rng, (12, 3, 9, 11), dtype)
    together, alone = np.empty_like(images), np.empty_like(images)
    STRONG.apply(images, np.arange(12), seed=3, epoch=2, out=together)
    for channel in range(3):
        plane, out = images[:, channel : channel + 1].copy(), np.empty_like(images[:, :1])
        STRONG.apply(plane, np.arange(12), seed=3, epoch=2, out=out)
        alone[:, channel] = out[:, 0]
    np.testing.assert_array_equal(together, alone)


def test_grey_pictures_keep_their_bits(rng):
    """The hash is of the bytes before pictures of several channels could be changed. No number comes from a cosine."""
    from fastcnn.kernels import cpu

    images = rng.integers(0, 256, (40, 1, 28, 28), dtype=np.uint8)
    numbers = rng.uniform(-1, 1, (40, NUMBERS)).astype(np.float32)
    numbers[:, [DOWN, ACROSS + 1]] += 1
    numbers[:, [DOWN + 2, ACROSS + 2]] += 13
    numbers[:, HOLE : HOLE + 4] *= 28
    out = np.empty_like(images)
    cpu.augment(out, images, numbers, *rng.uniform(-1, 1, (2, 3, 28)).astype(np.float32))
    assert hashlib.sha256(out).hexdigest() == "3ffbe95d1011591bda73cdba4bafeed98c24ffbaaffa472e0eec0189856fd29c"


def test_floats_change_as_bytes_do(rng):
    """A picture of floats is that of its bytes, before the bytes are rounded: twice, where strokes grow."""
    images = rng.integers(0, 256, (12, 3, 9, 11), dtype=np.uint8)
    changed = {}
    for dtype in (np.uint8, np.float32, np.float64):
        out = np.empty(images.shape, dtype)
        STRONG.apply(images.astype(dtype), np.arange(12), seed=0, epoch=0, out=out)
        changed[dtype] = out
    assert np.abs(changed[np.float32] - changed[np.uint8]).max() <= 1 + 1e-3
    assert not np.array_equal(changed[np.float32], changed[np.uint8])
    np.testing.assert_array_equal(changed[np.float64], changed[np.float32])
