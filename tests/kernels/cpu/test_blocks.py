"""Sums in blocks: the weight gradient, short rows of many pictures or of one, and batch norm's statistics."""

import numpy as np
import pytest

from fastcnn import Sequential, kernels
from fastcnn.kernels.cpu.products import calls
from fastcnn.kernels.cpu.products.geometry import Convolution, frame
from fastcnn.kernels.cpu.products.layout import block_width
from fastcnn.kernels.cpu.steps import norm
from fastcnn.kernels.cpu.steps.elementwise import wide_pixel
from fastcnn.kernels.cpu.tiles.sums import TILE_PIXELS
from fastcnn.layers import Conv2d, GlobalAvgPool
from tests.kernels.checks import running

EPS = np.finfo(np.float32).eps

# pictures, channels, filters, side, padding: several blocks with several parts each; rows of 1, 3 and 5 pixels;
# so many filters that their gradients are copied where vectors are narrow
SHAPES = [
    (9, 3, 17, 20, 1),
    (5, 33, 17, 12, 1),
    (26, 33, 17, 5, 0),
    (13, 4, 40, 5, 1),
    (24, 6, 5, 3, 0),
    (5, 33, 130, 12, 1),
]


@pytest.mark.parametrize(("N", "C", "K", "side", "padding"), SHAPES)
def test_convolution_and_its_gradients_stay_within_the_bound(rng, N, C, K, side, padding):
    x, weight = rng.standard_normal((N, C, side, side)), rng.standard_normal((K, C, 3, 3))
    grad = rng.standard_normal((N, K, side + 2 * padding - 2, side + 2 * padding - 2))
    x, weight, grad = (a.astype(np.float32) for a in (x, weight, grad))

    def results(x, weight, grad):
        return (
            kernels.conv2d(x, weight, padding=padding),
            kernels.conv2d_grad_input(grad, weight, x.shape, padding=padding),
            kernels.conv2d_grad_weight(grad, x, (3, 3), padding=padding),
        )

    with running("reference"):
        wide = [a.astype(np.float64) for a in (x, weight, grad)]
        exact, sums = results(*wide), results(*map(np.abs, wide))
    with running("cpu"):
        got = results(x, weight, grad)
    for value, want, total in zip(got, exact, sums, strict=True):
        assert (np.abs(value - want) <= 8 * EPS * total).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "options", [{}, {"padding": 1}, {"stride": (1, 2)}, {"dilation": (2, 1)}, {"padding": (2, 0), "bias": False}]
)
def test_one_picture_of_short_rows_has_the_bits_of_many(rng, dtype, options):
    network = Sequential([Conv2d(33, 3, **options), GlobalAvgPool()], input_shape=(5, 6, 6), dtype=dtype, seed=1)
    x = rng.standard_normal((3, 5, 6, 6)).astype(dtype)
    with running("cpu"):
        together = network.forward(x)
        (step,) = (node[0] for node in network._plan_for(1, training=False)._nodes if node[0].name.startswith("conv2d"))
        is_short = 2 * step.geometry.Q <= TILE_PIXELS  # then the windows' rows are copied
        assert [len(step.forward_calls(n, False)) for n in (1, 2)] == [1 + is_short, 1]
        for n in range(3):
            np.testing.assert_array_equal(network.forward(x[n : n + 1])[0], together[n])


@pytest.mark.parametrize(
    ("tile_pixels", "side", "images", "wide"),
    [(6, 3, 6, True), (6, 3, 5, False), (6, 4, 9, False), (12, 5, 12, True), (12, 6, 99, False), (16, 7, 16, True)],
)
def test_pictures_are_the_columns_where_rows_leave_tiles_half_empty(tile_pixels, side, images, wide):
    args = ((8, side, side), (16, 8, 1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), 1, 16, False)
    walk = Convolution(*args, tile_pixels=tile_pixels).forward(images, 0, frame(16, side, side)).walk
    assert walk.columns == (images if wide else side)


@pytest.mark.parametrize(("channels", "width"), [(3, 7), (16, 5), (64, 9), (300, 2)])
def test_statistics_of_values_far_from_zero(rng, channels, width):
    images, per_block, height = 7, 3, 4
    x = (1000 + rng.standard_normal((images, height, width, channels))).astype(np.float32)
    x[..., 1] = 0.1  # a channel without variance
    wide = wide_pixel(channels, width)
    partials = np.zeros(3 * 3 * wide)
    norm.sums.serial(partials, x.reshape(-1), frame(channels, height, width), wide, images, per_block)
    mean, var = np.empty(channels), np.empty(channels)
    pixels = float(height * width)
    norm.merge(mean, var, partials, wide, 3, per_block * pixels, images * pixels)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(mean, exact.mean(axis=(0, 1, 2)), rtol=1e-14)
    np.testing.assert_allclose(var, exact.var(axis=(0, 1, 2)), rtol=1e-10, atol=1e-20)
    assert var[1] == 0


def test_one_thread_does_not_cut_the_gradient_of_a_weight(monkeypatch):
    shape = Convolution((64, 8, 8), (64, 64, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1, 16, False)
    array = np.zeros(1, np.float32)

    def parts(count):
        monkeypatch.setattr(calls, "threads", lambda: count)
        _, arguments = calls.sums(array, array, array, array, -np.inf, shape.grad_weight(1, 0))
        return arguments[-2:]

    assert parts(1) == (1, 1)
    row_parts, block_parts = parts(2)
    assert row_parts * block_parts >= 8


def test_large_weights_are_read_once_for_all_pictures(monkeypatch):
    """256 filters of 256 channels have 2.4 MB; a picture of 3x3 with its border has 0.03."""
    array, out = np.zeros(1, np.float32), frame(256, 3, 3)
    width = block_width(array.dtype)
    shape = Convolution((256, 3, 3), (256, 256, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1, width, False)

    def parts(images, count):
        monkeypatch.setattr(calls, "threads", lambda: count)
        _, arguments = calls.sums(array, array, array, array, -np.inf, shape.forward(images, 0, out))
        return arguments[-2:]

    assert parts(32, 1) == parts(32, 2) == (1, 256 // width)
    rows, blocks = parts(1, 16)  # too few tasks for the threads: the rows are cut, too
    assert rows > 1 and blocks == 256 // width
