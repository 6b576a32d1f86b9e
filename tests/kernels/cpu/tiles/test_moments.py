"""The sums of each channel over pictures: each tile against its twin, and the kernels against sums of NumPy."""

import numpy as np
import pytest

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products.geometry import frame
from fastcnn.kernels.cpu.steps import elementwise, norm
from fastcnn.kernels.cpu.tiles import moments
from fastcnn.kernels.cpu.tiles.parts import twin_lanes
from tests.kernels.cpu.test_tiles import compiled

PADDING = ((1, 2), (2, 1))
# (channels, height, width), pictures of a block: fewer channels than lanes, more than a tile has, rows with a rest.
SHAPES = [((1, 5, 7), 2), ((3, 4, 29), 1), ((16, 3, 9), 2), ((30, 2, 5), 1), ((72, 3, 2), 2), ((130, 1, 1), 3)]


def groups(dtype):
    """(vectors, valid) of a tile."""
    lanes = twin_lanes(np.empty(0, dtype))
    return [(count, count * lanes) for count in (4, 2, 1) if count <= moments.SUM_VECTORS] + [(0, 1), (0, lanes - 1)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["channel_sum_tile", "channel_moment_tile", "norm_gradient_tile"])
def test_tile_is_its_twin_and_touches_nothing_else(rng, name, dtype):
    twins = {"channel_sum_tile": moments._plain_twin, "channel_moment_tile": moments._moments_twin}
    twin = twins.get(name, moments._gradient_twin)
    tile = compiled(getattr(moments, name), twin)
    rows, columns, at = 3, 2, 5
    for vectors, valid in groups(dtype):
        step = valid + 3

        def picture(start, pitch, valid=valid, step=step):
            """Numbers where the tile may look, infinite elsewhere."""
            values = np.full(1000, np.inf, dtype)
            for row in range(rows):
                for column in range(columns):
                    here = start + row * pitch + column * step
                    values[here : here + valid] = rng.standard_normal(valid)
            return values

        x, grad = picture(2, 300), picture(4, 280)
        shift, statistics = rng.standard_normal(200), rng.standard_normal(4 * 100).astype(dtype)
        cut = np.array([0.1], dtype)
        made = []
        for run in (tile, twin):
            first, second = np.ones(200), np.ones(200)
            sums = {"channel_sum_tile": (first,), "channel_moment_tile": (shift, first, second)}
            arrays = (grad, 4, 280, x, 2, 300, statistics, 100, cut, first, second)
            run(*((x, 2, 300, *sums[name]) if name in sums else arrays), at, rows, columns, step, vectors, valid)
            made.append(np.stack((first, second)))
        np.testing.assert_allclose(made[0], made[1], rtol=1e-12)
        made[0][:, at : at + valid] = 1
        assert (made[0] == 1).all()


def pictures(rng, shape, n, dtype, border=PADDING):
    """Flat pictures with a border of NaN, their frame, and the pictures as (n, H, W, C) in float64."""
    channels, height, width = shape
    layout = frame(channels, height, width, border)
    (top, bottom), (left, right) = border
    flat = aligned_zeros(n * layout.image, dtype)
    flat[:] = np.nan
    inside = flat.reshape(n, height + top + bottom, width + left + right, channels)
    inside = inside[:, top : top + height, left : left + width]
    inside[:] = rng.standard_normal(inside.shape) + 3
    return flat, layout, inside


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "per_block"), SHAPES)
def test_sums_of_channels_are_those_of_numpy(rng, shape, per_block, dtype):
    n, channels = 5, shape[0]
    flat, layout, x = pictures(rng, shape, n, dtype)
    wide, blocks = elementwise.wide_pixel(channels, shape[2]), -(-n // per_block)
    partials, mean, var, out = np.zeros(3 * blocks * wide), np.zeros(channels), np.zeros(channels), np.zeros(channels)
    elementwise.channel_sums.serial(partials, flat, layout, wide, n, per_block)
    elementwise.fold(out, partials, blocks, wide)
    wanted = x.astype(np.float64)
    np.testing.assert_allclose(out, wanted.sum((0, 1, 2)), rtol=1e-12)
    norm.sums.serial(partials, flat, layout, wide, n, per_block)
    pixels = shape[1] * shape[2]
    norm.merge(mean, var, partials, wide, blocks, float(per_block * pixels), float(n * pixels))
    np.testing.assert_allclose(mean, wanted.mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(var, wanted.var((0, 1, 2)), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(("shape", "per_block"), SHAPES)
def test_sums_of_the_gradient_are_those_of_numpy(rng, shape, per_block, in_place):
    """in_place : the ReLU's zeros are in an array, as after an addition; else in the normalised values."""
    n, channels = 5, shape[0]
    flat, layout, x = pictures(rng, shape, n, np.float64)
    flat_grad, grad_layout, grad = pictures(rng, shape, n, np.float64, ((0, 0), (0, 0)))
    flat_out, out_layout, out = pictures(rng, shape, n, np.float64)
    out -= 3
    wide, blocks = elementwise.wide_pixel(channels, shape[2]), -(-n // per_block)
    each = rng.standard_normal((4, channels)) + np.array([[3], [2], [0], [0]])
    statistics = np.tile(each, (1, wide // channels)).reshape(-1)
    normalised = (x - each[0]) * each[1]
    dead = out <= 0 if in_place else normalised * each[2] + each[3] <= 0
    before = np.where(dead, 0, grad)
    cut, partials = np.array([np.nan if in_place else 0.0]), np.zeros(2 * blocks * wide)
    norm.gradient_sums.serial(
        partials, flat_grad, grad_layout, flat_out, out_layout, flat, layout, statistics, cut, in_place, n, per_block
    )
    sums = partials.reshape(blocks, 2, wide)[:, :, :channels].sum(0)
    np.testing.assert_allclose(sums[0], before.sum((0, 1, 2)), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(sums[1], (before * normalised).sum((0, 1, 2)), rtol=1e-11, atol=1e-11)
    np.testing.assert_array_equal(grad, before if in_place else grad)
