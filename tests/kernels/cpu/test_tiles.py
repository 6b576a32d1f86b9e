"""Each tile against its twin in NumPy, for every size that it is made for, and against sums worked out apart."""

import functools
import inspect

import numpy as np
import pytest
from numba import njit
from numba.core import config

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.tiles import (
    crosses,
    depthwise,
    dots,
    gathers,
    gradients,
    pools,
    sums,
    transposes,
    winners,
    winograd_rows,
)

SENTINEL = 7.0
# Terms of a sum below: each rounds by eps of what has been summed up so far, at most about 40 numbers of size 3 * 3.
BOUND = 40 * 9


@functools.cache
def compiled(tile, twin):
    """A function of the twin's arguments that runs the tile; one for all tests, as each compiles it again."""
    if config.DISABLE_JIT:
        return tile
    names = ", ".join(inspect.signature(twin).parameters)
    scope = {"tile": tile}
    exec(f"def call({names}):\n    tile({names})", scope)
    return njit(scope["call"])


@pytest.fixture(scope="module")
def sum_tile():
    return compiled(sums.sum_tile, sums._twin)


@pytest.fixture(scope="module")
def pool_tile():
    return compiled(pools.pool_tile, pools._twin)


@pytest.fixture(scope="module")
def dot_tile():
    return compiled(dots.dot_tile, dots._twin)


@pytest.fixture(scope="module")
def gradient_tiles():
    """Each with its twin, and its filters if that is not a vector of them."""
    return {
        "gradient_tile": (compiled(gradients.gradient_tile, gradients._twin), gradients._twin, None),
        "winner_tile": (compiled(winners.winner_tile, winners._twin), winners._twin, winners.WINNER_FILTERS),
    }


def drawn(rng, count, dtype):
    """Normal numbers with the slack behind them that tiles rely on, filled with NaN to show who uses it."""
    whole = aligned_zeros(count + 64, dtype)
    whole[:] = np.nan
    whole[:count] = np.clip(rng.standard_normal(count), -3, 3)
    return whole[:count]


def both(run, twin, arguments, outputs):
    """Run tile and twin on copies of the outputs; return both results."""
    first, second = [a.copy() for a in outputs], [a.copy() for a in outputs]
    run(*arguments(*first))
    twin(*arguments(*second))
    return first, second


def assert_close(first, second, dtype):
    assert np.abs(first - second).max() <= BOUND * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("pixels", "vectors"), [(m, v) for v in sums.TILE_SIZES for m in sums.TILE_SIZES[v]])
def test_sum_tile_is_its_twin_and_writes_nothing_else(sum_tile, rng, dtype, pixels, vectors):
    lanes = sums.twin_lanes(np.empty(0, dtype))
    x, w, bias = drawn(rng, 400, dtype), drawn(rng, 4000, dtype), drawn(rng, 200, dtype)
    x_taps, w_taps = np.array([0, 11, 50]), np.array([0, 500, 1000])
    for valid in ((vectors - 1) * lanes + 1, vectors * lanes):
        for floor, bias_step, adds in ((0.0, 0, 0), (-np.inf, 0, 1), (-np.inf, 11, 0), (0.0, 0, 1)):

            def arguments(out, valid=valid, floor=floor, bias_step=bias_step, adds=adds):
                return (
                    out, 7, 40, x, 3, 5, 2, w, 1, 70, x_taps, w_taps, 3, 4, bias, 9, bias_step, floor, w, 6, 33, adds,
                    pixels, vectors, valid,
                )  # fmt: skip

            (got,), (want,) = both(sum_tile, sums._twin, arguments, [np.full(1000, SENTINEL, dtype)])
            assert_close(got, want, dtype)
            assert ((got == SENTINEL) == (want == SENTINEL)).all()
            assert (want != SENTINEL).sum() == pixels * valid


@pytest.mark.parametrize("vectors", range(1, sums.TILE_VECTORS + 1))
def test_even_tile_has_the_bits_of_sum_tile(sum_tile, rng, vectors):
    even_tile = compiled(sums.even_tile, sums._twin)
    lanes, start = sums.twin_lanes(np.empty(0, np.float32)), np.zeros(1, np.int64)
    x, w, zeros = drawn(rng, 400, np.float32), drawn(rng, 4000, np.float32), np.zeros(200, np.float32)
    for pixels in {sums.EVEN_PIXELS, sums.TILE_PIXELS} & set(sums.TILE_SIZES[vectors]):
        made = [np.full(1000, SENTINEL, np.float32) for _ in range(2)]
        for run, out in zip((sum_tile, even_tile), made, strict=True):
            run(
                out, 0, 40, x, 0, 7, 1, w, 0, 70, start, start, 1, 7, zeros, 0, 0, -np.inf, zeros, 0, 0, 0, pixels,
                vectors, vectors * lanes,
            )  # fmt: skip
        np.testing.assert_array_equal(*made)


def test_sum_tile_is_a_matrix_product(sum_tile, rng):
    x, w = drawn(rng, 4 * 6, np.float64), drawn(rng, 6 * 64, np.float64)
    out, start, zeros = np.zeros(4 * 2), np.zeros(1, np.int64), np.zeros(64)
    sum_tile(out, 0, 2, x, 0, 6, 1, w, 0, 64, start, start, 1, 6, zeros, 0, 0, -np.inf, x, 0, 0, 0, 4, 1, 2)
    np.testing.assert_allclose(out.reshape(4, 2), x.reshape(4, 6) @ w.reshape(6, 64)[:, :2], rtol=1e-13, atol=1e-13)


def test_sums_that_wait_in_memory_have_the_bits_of_sums_in_registers(sum_tile, rng):
    x, w, bias = drawn(rng, 300, np.float32), drawn(rng, 4000, np.float32), drawn(rng, 64, np.float32)
    x_taps, w_taps = np.array([0, 11, 50]), np.array([0, 500, 1000])
    tile, valid = (x, 3, 5, 2, w, 1, 70), sums.twin_lanes(x) + 4
    whole, parts = np.zeros(400, np.float32), np.zeros(400, np.float32)
    sum_tile(whole, 0, 40, *tile, x_taps, w_taps, 3, 4, bias, 0, 0, 0.0, x, 0, 0, 0, 4, 2, valid)
    sum_tile(parts, 0, 40, *tile, x_taps, w_taps, 1, 4, bias, 0, 0, -np.inf, x, 0, 0, 0, 4, 2, valid)
    sum_tile(parts, 0, 40, *tile, x_taps[1:], w_taps[1:], 2, 4, parts, 0, 40, 0.0, x, 0, 0, 0, 4, 2, valid)
    np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("vectors", range(1, sums.TILE_VECTORS + 1))
@pytest.mark.parametrize("windows", pools.POOL_SIZES)
@pytest.mark.parametrize("codes_stride", [64, 0])
def test_pool_tile_is_its_twin_and_writes_nothing_else(pool_tile, rng, dtype, windows, vectors, codes_stride):
    lanes = sums.twin_lanes(np.empty(0, dtype))
    x, w, bias = drawn(rng, 400, dtype), drawn(rng, 4000, dtype), drawn(rng, 200, dtype)
    x_taps, w_taps = np.array([0, 11, 50]), np.array([0, 500, 1000])
    for valid in ((vectors - 1) * lanes + 1, vectors * lanes):

        def arguments(out, codes, valid=valid):
            return (
                out, 7, 40, codes, 5, codes_stride, x, 3, 2, 100, w, 1, 70, x_taps, w_taps, 3, 4, bias, 9, windows,
                vectors, valid,
            )  # fmt: skip

        outputs = [np.full(1000, SENTINEL, dtype), np.full(1000, 99, np.uint8)]
        (got, codes), (want, want_codes) = both(pool_tile, pools._twin, arguments, outputs)
        assert_close(got, want, dtype)
        assert (codes == want_codes).all()
        assert (want != SENTINEL).sum() == windows * valid
        assert (want_codes != 99).sum() == (windows * vectors * lanes if codes_stride else 0)


@pytest.mark.parametrize(
    ("four", "best", "code"),
    [
        ((1, 2, 3, 0.5), 3, 2),
        ((2, 2, 2, 2), 2, 0),
        ((1, 3, 3, 1), 3, 1),
        ((-1, -2, -3, -4), 0, pools.DEAD),
        ((0, 0, -1, 0), 0, pools.DEAD),
        ((-0.0, -0.0, -1, -0.0), 0, pools.DEAD),
        ((1, np.nan, 5, np.nan), np.nan, 1),
        ((np.nan, 1, 2, 3), np.nan, 0),
        ((1, 2, 5, np.nan), np.nan, 3),
    ],
)
def test_pool_tile_defines_ties_negatives_and_nan(pool_tile, four, best, code):
    x, w = drawn(np.random.default_rng(0), 64, np.float32), np.ones(64, np.float32)
    x[:4] = four
    out, codes = np.full(64, SENTINEL, np.float32), np.full(64, 99, np.uint8)
    start, bias = np.zeros(1, np.int64), np.full(64, -0.0, np.float32)
    operands = x, 0, 1, 2, w, 0, 32, start, start, 1, 1, bias, 0, 1, 1, 1
    pool_tile(out, 0, 1, codes, 0, 32, *operands)
    np.testing.assert_equal((out[0], codes[0]), (np.float32(best), code))
    pool_tile(out, 1, 1, codes, 32, 0, *operands)
    np.testing.assert_equal((out[1], codes[32]), (np.float32(best), 99))
    assert not np.signbit(out[:2]).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("length", [1, 3, 16, 40, 100])
def test_dot_tile_is_its_twin_and_reads_no_further_than_its_rows(dot_tile, rng, dtype, length):
    x, w = drawn(rng, 1300, dtype), drawn(rng, 1300, dtype)
    for n in range(11):
        x[1 + n * 130 + length : 131 + n * 130] = np.nan
        w[2 + n * 110 + length : 112 + n * 110] = np.nan
    for pictures, outputs in dots.DOT_SIZES:

        def arguments(out, pictures=pictures, outputs=outputs):
            return out, 3, 11, x, 1, 130, w, 2, 110, length, pictures, outputs

        (got,), (want,) = both(dot_tile, dots._twin, arguments, [np.full(100, SENTINEL, dtype)])
        assert np.abs(got - want).max() <= BOUND * 4 * np.finfo(dtype).eps
        assert ((got == SENTINEL) == (want == SENTINEL)).all()
        assert (want != SENTINEL).sum() == pictures * outputs


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_tile_is_its_twin_and_reads_nothing_after_a_row(dtype, rng):
    cross_tile = compiled(crosses.cross_tile, crosses._twin)
    lanes = sums.twin_lanes(np.empty(0, dtype))
    x_taps = np.array([9, 0, 4, 2])
    for columns in (1, lanes, lanes + 3):
        x_row, grad_row = columns + 8, -(-columns // lanes) * lanes
        x, grad = drawn(rng, 3 * x_row + 20, dtype), drawn(rng, 8 * 2 * grad_row, dtype)
        grad.reshape(-1, grad_row)[:, columns:] = np.nan
        for filters in crosses.CROSS_FILTERS:
            for taps in (1, crosses.CROSS_TAPS):

                def arguments(out, filters=filters, taps=taps, columns=columns, x=x, grad=grad, rows=(x_row, grad_row)):
                    return (
                        out, 3, 7, x, 1, rows[0], grad, 0, 2 * rows[1], rows[1], x_taps, 1, taps, filters, 2, columns,
                    )  # fmt: skip

                (got,), (want,) = both(cross_tile, crosses._twin, arguments, [np.full(80, SENTINEL, dtype)])
                assert np.abs(got - want).max() <= BOUND * np.finfo(dtype).eps
                assert ((got == SENTINEL) == (want == SENTINEL)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "columns", "rows"),
    [
        (name, s, r)
        for name, sizes in (("gradient_tile", gradients.GRADIENT_ROWS), ("winner_tile", winners.WINNER_ROWS))
        for s, most in sizes.items()
        for r in (1, most)
    ],
)
def test_gradient_tiles_are_their_twins_and_write_nothing_else(gradient_tiles, rng, dtype, name, rows, columns):
    tile, twin, filters = gradient_tiles[name]
    lanes = filters or sums.twin_lanes(np.empty(0, dtype))
    x, grad = drawn(rng, 600, dtype), drawn(rng, 600, dtype)
    codes = rng.integers(0, 5, 2000).astype(np.uint8)

    def arguments(weight, bias):
        return (
            weight, 5, bias, 2, x, 3, 28, 56, 2, grad, 4, 100, 20, codes, 6, 200, 30, 3, 4, lanes, columns * lanes,
            rows, columns,
        )  # fmt: skip

    outputs = [np.full(1000, SENTINEL, dtype), np.full(100, SENTINEL, dtype)]
    got, want = both(tile, twin, arguments, outputs)
    for one, other in zip(got, want, strict=True):
        assert_close(one, other, dtype)
    assert (want[0] != SENTINEL).sum() == rows * columns * lanes


@pytest.mark.parametrize("name", ["gradient_tile", "winner_tile"])
def test_gradient_tiles_give_each_winner_its_own_pixel(gradient_tiles, name):
    """One window, codes 0, 1, 2, 3 and dead: tap (0, 0) saw pixels 0, 1, 28 and 29 and none."""
    tile, _, filters = gradient_tiles[name]
    x = np.arange(200, dtype=np.float32)
    grad, codes = np.ones(200, np.float32), np.full(200, pools.DEAD, np.uint8)
    codes[:4], grad[4:] = (0, 1, 2, 3), np.nan
    weight, bias = np.zeros(2000, np.float32), np.zeros(200, np.float32)
    lanes = sums.twin_lanes(x)
    for k in range(0, lanes, filters or lanes):
        tile(weight, k, bias, k, x, 0, 28, 56, 2, grad, k, 1, 1, codes, k, 1, 1, 1, 1, lanes, 3 * lanes, 1, 3)
    assert weight[:4].tolist() == [0, 1, 28, 29]
    assert weight[lanes : lanes + 4].tolist() == [1, 2, 29, 30]
    assert weight[4:lanes].tolist() == [0] * (lanes - 4)
    assert bias[:lanes].tolist() == [1, 1, 1, 1] + [0] * (lanes - 4)


@pytest.mark.parametrize("vectors", sums.TILE_SIZES)
def test_any_number_of_pixels_is_split_into_tiles_that_exist(vectors):
    assert sums.TILE_PIXELS in sums.TILE_SIZES[vectors]  # the first tile where the table ends
    for pixels in range(1, sums.NEXT_TILE.shape[1]):
        rest, used = pixels, []
        while rest > 0:
            used.append(int(sums.NEXT_TILE[vectors - 1, rest]))
            rest -= used[-1]
        assert rest == 0
        assert set(used) <= set(sums.TILE_SIZES[vectors]), pixels


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gather_tile_is_its_twin_and_writes_nothing_else(rng, dtype):
    width, w = sums.TILE_VECTORS * sums.twin_lanes(np.empty(0, dtype)), drawn(rng, 400, dtype)

    def arguments(out):
        return out, w, 3, 37, 5

    tile = compiled(gathers.gather_tile, gathers._twin)
    (got,), (want,) = both(tile, gathers._twin, arguments, [np.full(400, SENTINEL, dtype)])
    np.testing.assert_array_equal(got, want)
    assert (want != SENTINEL).sum() == 5 * width
    np.testing.assert_array_equal(want[width : width + 4], w[40:44])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_transpose_tile_turns_and_writes_nothing_else(rng, dtype):
    transpose_tile = compiled(transposes.transpose_tile, transposes._twin)
    lanes = sums.twin_lanes(np.empty(0, dtype))
    x, x_rows = drawn(rng, 3000, dtype), rng.permutation(40) * 60
    for rows in range(1, lanes + 1):
        for columns in range(1, lanes + 1):
            out = np.full(2000, SENTINEL, dtype)
            transpose_tile(out, 3, 70, x, 5, x_rows, 2, rows, columns)
            want = np.full(2000, SENTINEL, dtype)
            for i in range(rows):
                want[3 + i : 3 + i + 70 * columns : 70][:columns] = x[5 + x_rows[2 + i] :][:columns]
            assert (out == want).all()


@pytest.fixture(scope="module")
def channel_tile():
    return compiled(depthwise.channel_tile, depthwise._channel_twin)


@pytest.fixture(scope="module")
def plane_tile():
    return compiled(depthwise.plane_tile, depthwise._plane_twin)


@pytest.fixture(scope="module")
def moment_tile():
    return compiled(depthwise.moment_tile, depthwise._moment_twin)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("pixels", depthwise.VECTOR_COUNTS)
def test_channel_tile_is_its_twin_and_writes_nothing_else(channel_tile, rng, dtype, pixels):
    lanes = depthwise.twin_lanes(np.empty(0, dtype))
    for valid in (1, lanes - 1, lanes):
        x, w, bias = (drawn(rng, count, dtype) for count in (40 * lanes + 80, 6 * lanes, 2 * lanes))
        x_taps, w_taps = np.array([0, 3, lanes, 70, 2]), np.array([1, 0, lanes, 2 * lanes, 3 * lanes])
        out = np.full(10 * 2 * lanes, SENTINEL, dtype)
        (first,), (second,) = both(
            channel_tile, depthwise._channel_twin,
            lambda o, valid=valid, x=x, w=w, bias=bias, x_taps=x_taps, w_taps=w_taps: (
                o, 3, lanes + 1, x, 1, lanes + 2, w, 2, x_taps, w_taps, 1, 4, bias, 1, 0.0, pixels, valid
            ),
            [out],
        )  # fmt: skip
        assert_close(first, second, dtype)
        written = {3 + m * (lanes + 1) + c for m in range(pixels) for c in range(valid)}
        assert all(first[i] == SENTINEL for i in range(len(out)) if i not in written)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("vectors", depthwise.VECTOR_COUNTS)
def test_plane_tile_is_its_twin_and_writes_nothing_else(plane_tile, rng, dtype, vectors):
    lanes = depthwise.twin_lanes(np.empty(0, dtype))
    x, w, bias = (drawn(rng, count, dtype) for count in (20 * lanes, 9, 3))
    x_taps, w_taps = np.array([9, 0, 5, 2 * lanes]), np.array([0, 4, 1, 2])
    out = np.full(10 * lanes, SENTINEL, dtype)
    (first,), (second,) = both(
        plane_tile, depthwise._plane_twin,
        lambda o: (o, 2, x, 3, w, 1, x_taps, w_taps, 1, 3, bias, 2, vectors), [out],
    )  # fmt: skip
    assert_close(first, second, dtype)
    assert (first[:2] == SENTINEL).all() and (first[2 + vectors * lanes :] == SENTINEL).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("taps", depthwise.MOMENT_TAPS)
def test_moment_tile_is_its_twin_and_reads_nothing_behind_a_row(moment_tile, rng, dtype, taps):
    lanes = depthwise.twin_lanes(np.empty(0, dtype))
    for columns, tail, valid in ((2, 0, lanes), (1, 1, lanes), (0, lanes - 1, 2), (2, min(3, lanes - 1), 1)):
        width = columns * lanes + tail
        x, start = drawn(rng, 40 * lanes, dtype), drawn(rng, 12 * lanes, dtype)
        grad = np.full((3, width + 2), np.inf, dtype)  # infinite where the tile must not look
        grad[:, :width] = rng.standard_normal((3, width))
        x_taps = np.arange(10) * 3
        (first,), (second,) = both(
            moment_tile, depthwise._moment_twin,
            lambda o, grad=grad, x=x, x_taps=x_taps, columns=columns, tail=tail, valid=valid: (
                o, 1, lanes, x, 2, 4 * lanes, lanes, grad.reshape(-1), 0, grad.shape[1], lanes, x_taps, 1, taps, 3,
                columns, tail, valid,
            ),
            [start],
        )  # fmt: skip
        written = sorted({1 + tap * lanes + c for tap in range(taps) for c in range(valid)})
        assert np.isfinite(first[written]).all()
        assert_close(first[written], second[written], dtype)
        rest = np.delete(np.arange(len(start)), written)
        np.testing.assert_array_equal(first[rest], start[rest])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 50])
def test_copy_tile_copies_and_writes_nothing_else(rng, dtype, count):
    x, out = drawn(rng, 60, dtype), np.full(64, SENTINEL, dtype)
    compiled(depthwise.copy_tile, depthwise._copy_twin)(out, 3, x, 2, count)
    np.testing.assert_array_equal(out[3 : 3 + count], x[2 : 2 + count])
    assert (out[:3] == SENTINEL).all() and (out[3 + count :] == SENTINEL).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 16, 33])
def test_add_tile_adds_so_many_elements(rng, dtype, count):
    x, before = drawn(rng, 60, dtype), drawn(rng, 64, dtype)
    out = before.copy()
    compiled(depthwise.add_tile, depthwise._add_twin)(out, 3, x, 2, count)
    np.testing.assert_array_equal(out[3 : 3 + count], before[3 : 3 + count] + x[2 : 2 + count])
    np.testing.assert_array_equal(out[:3], before[:3])
    np.testing.assert_array_equal(out[3 + count :], before[3 + count :])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 31, 32, 33, 50])
def test_skip_tile_takes_every_second_element_and_writes_nothing_else(rng, dtype, count):
    x, out = rng.standard_normal(2 + max(0, 2 * count - 1)).astype(dtype), np.full(64, SENTINEL, dtype)
    compiled(depthwise.skip_tile, depthwise._skip_twin)(out, 3, x, 2, count)
    np.testing.assert_array_equal(out[3 : 3 + count], x[2::2])
    assert (out[:3] == SENTINEL).all() and (out[3 + count :] == SENTINEL).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 16, 31, 32, 33, 50])
def test_zip_tile_takes_turns_and_writes_nothing_else(rng, dtype, count):
    x, out = drawn(rng, 100, dtype), np.full(64, SENTINEL, dtype)
    compiled(depthwise.zip_tile, depthwise._zip_twin)(out, 3, x, 40, 2, count)
    np.testing.assert_array_equal(out[3 : 3 + count : 2], x[40:][: (count + 1) // 2])
    np.testing.assert_array_equal(out[4 : 3 + count : 2], x[2:][: count // 2])
    assert (out[:3] == SENTINEL).all() and (out[3 + count :] == SENTINEL).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_row_input_tile_is_its_twin_and_reads_zeros_after_the_columns(rng, dtype):
    tile, x, zeros = (
        compiled(winograd_rows.row_input_tile, winograd_rows._input_twin),
        drawn(rng, 40, dtype),
        np.zeros(1, dtype),
    )
    for columns in (8, 5):

        def arguments(out, columns=columns):
            return out, 3, x, 2, 3, zeros, columns

        (got,), (want,) = both(tile, winograd_rows._input_twin, arguments, [np.full(40, SENTINEL, dtype)])
        assert_close(got, want, dtype)
        assert ((got == SENTINEL) == (want == SENTINEL)).all() and (want != SENTINEL).sum() == 8


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("vectors", range(1, sums.TILE_VECTORS + 1))
def test_row_pool_tile_is_its_twin_and_writes_nothing_else(rng, dtype, vectors):
    tile, lanes = compiled(winograd_rows.row_pool_tile, winograd_rows._pool_twin), sums.twin_lanes(np.empty(0, dtype))
    x, w, bias = drawn(rng, 2000, dtype), drawn(rng, 4000, dtype), drawn(rng, 200, dtype)
    for tiles, windows, valid in ((1, 1, lanes), (1, 2, 1), (2, 3, lanes), (2, 4, lanes - 1)):
        valid += (vectors - 1) * lanes

        def arguments(out, tiles=tiles, windows=windows, valid=valid):
            return out, 7, 40, x, 3, 100, 20, w, 1, 2, bias, 9, tiles, windows, vectors, valid

        (got,), (want,) = both(tile, winograd_rows._pool_twin, arguments, [np.full(1000, SENTINEL, dtype)])
        assert np.abs(got - want).max() <= 1e4 * np.finfo(dtype).eps  # 80 terms of up to 9, times 11 in A^T
        assert ((got == SENTINEL) == (want == SENTINEL)).all()
        assert (want != SENTINEL).sum() == (windows - 1) * vectors * lanes + valid
