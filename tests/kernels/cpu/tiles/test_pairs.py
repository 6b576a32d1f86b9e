"""The tiles for bfloat16 against their twin in NumPy, at every kind of edge.

The AMX tile runs with its instructions in software: the addresses are those of its own code.
"""

import numpy as np
import pytest

from fastcnn.checking.bounds import BOUND
from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.tiles import amx, pairs, sums
from fastcnn.kernels.cpu.toolchain import bfloat16
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES, cpu_features
from fastcnn.kernels.reference.bfloat16 import from_bfloat16, to_bfloat16
from tests.kernels.cpu.test_tiles import SENTINEL, both, compiled
from tests.kernels.cpu.tiles import amx_in_software

NAN = 0x7FC0
LANES = VECTOR_BYTES // 4
TILES = {"plain": pairs.PLAIN}
if "avx512bf16" in cpu_features() and VECTOR_BYTES == 64:
    TILES["avx512"] = pairs.AVX512
if VECTOR_BYTES == 64:
    TILES["amx in software"] = amx_in_software.TILE
if bfloat16.unit() == "amx":
    TILES["amx"] = amx.AMX


@pytest.fixture(scope="module", params=TILES)
def tile(request):
    """The name of a tile, and a function of the twin's arguments that runs it."""
    return request.param, compiled(TILES[request.param].tile, pairs.twin)


def bits(rng, count):
    """Normal numbers as bits, with NaN in the memory after them."""
    whole = aligned_zeros(count + 64, np.uint16)
    whole[:] = NAN
    whole[:count] = to_bfloat16(np.clip(rng.standard_normal(count), -3, 3))
    return whole[:count]


def weights(rng, runs, length, width):
    """Taps of w, one after the other; each ends with zeros up to a multiple of 16 pairs. And where each begins."""
    padded = -(-length // amx.PAIRS) * amx.PAIRS
    w = aligned_zeros(runs * padded * width * 2, np.uint16)
    for run in w.reshape(runs, padded, width * 2):
        run[:length] = to_bfloat16(np.clip(rng.standard_normal((length, width * 2)), -3, 3))
    return w, np.arange(runs) * padded * width * 2


def sizes(name):
    if name.startswith("amx"):
        return [(m, v) for m in (1, 2, 15, 16, 17, 31, 32) for v in (1, 2)]
    return sums.ALL_SIZES


@pytest.mark.parametrize("length", [1, 3, 16, 21, 32])
def test_pair_tile_is_its_twin_and_writes_nothing_else(tile, rng, length):
    name, run = tile
    x_stride = 2 * length + 3  # odd: the pairs of every other pixel begin at an odd number
    x = bits(rng, 3 + 31 * x_stride + 50 + 2 * length)
    x_taps, width = np.array([0, 11, 50]), sums.TILE_VECTORS * LANES
    w, w_taps = weights(rng, 3, length, width)
    bias = aligned_zeros(33 * 80, np.float32)
    bias[:] = rng.standard_normal(len(bias))
    for pixels, vectors in sizes(name):
        for valid in ((vectors - 1) * LANES + 1, vectors * LANES):
            for floor, bias_step, adds in ((0.0, 0, 0), (-np.inf, 0, 1), (0.0, 77, 1)):

                def arguments(
                    out, x=x, w=w, bias=bias, floor=floor, pixels=pixels, vectors=vectors, valid=valid,
                    bias_step=bias_step, adds=adds,
                ):  # fmt: skip
                    return (
                        out, 7, 40, x, 3, x_stride, 2, w, 0, 2 * width, x_taps, w_taps, 3, length, bias, 9, bias_step,
                        floor, bias, 6, 33, adds, pixels, vectors, valid,
                    )  # fmt: skip

                (got,), (want,) = both(run, pairs.twin, arguments, [np.full(1400, SENTINEL, np.float32)])
                # The sum of the absolute values of all terms: the same without their signs.
                sizes_of_terms = np.zeros(1400, np.float32)
                pairs.twin(*arguments(sizes_of_terms, x & 0x7FFF, w & 0x7FFF, np.abs(bias), -np.inf))
                assert (np.abs(got - want) <= BOUND * np.finfo(np.float32).eps * sizes_of_terms).all()
                assert ((got == SENTINEL) == (want == SENTINEL)).all()
                assert (want != SENTINEL).sum() == pixels * valid


def test_pair_tile_is_a_matrix_product(tile, rng):
    _, run = tile
    width = sums.TILE_VECTORS * LANES
    x, (w, start) = bits(rng, 4 * 10), weights(rng, 1, 5, width)
    out, zeros = np.zeros(4 * 2, np.float32), np.zeros(64, np.float32)
    run(out, 0, 2, x, 0, 10, 2, w, 0, 2 * width, start, start, 1, 5, zeros, 0, 0, -np.inf, zeros, 0, 0, 0, 4, 1, 2)
    left = from_bfloat16(x).reshape(4, 10).astype(np.float64)
    # (pairs, filters, 2) -> (terms, filters)
    right = from_bfloat16(w.reshape(-1, width, 2)[:5]).transpose(0, 2, 1).reshape(10, width)[:, :2]
    np.testing.assert_allclose(out.reshape(4, 2), left @ right, rtol=0, atol=1e-5)


def test_pair_tile_without_taps_gives_the_bias(tile):
    _, run = tile
    nothing, bias, out = np.zeros(64, np.uint16), np.arange(64, dtype=np.float32), np.zeros(64, np.float32)
    start = np.zeros(1, np.int64)
    run(out, 0, 3, nothing, 0, 1, 2, nothing, 0, 64, start, start, 0, 1, bias, 5, 0, -np.inf, bias, 0, 0, 0, 2, 1, 3)
    assert out[:8].tolist() == [5, 6, 7, 5, 6, 7, 0, 0]


def test_pair_tile_rounds_what_it_writes_as_bits(tile, rng):
    """The same sums, rounded as the reference does; ties, NaN and infinities come from the bias."""
    name, run = tile
    width, length = sums.TILE_VECTORS * LANES, 5
    x, (w, w_taps) = bits(rng, 40 * 2 * length), weights(rng, 1, length, width)
    bias = aligned_zeros(width, np.float32)
    bias[:] = np.resize(np.array([0.1, np.nan, np.inf, -np.inf, 3.4e38, -0.0, 1.00390625, 1.01171875]), width)
    x[: 2 * length] = 0  # the first pixel's sums are the bias
    for pixels, vectors in sizes(name):
        for valid in ((vectors - 1) * LANES + 1, vectors * LANES):
            exact, found = np.full(1400, np.float32(SENTINEL)), np.full(1400, 7, np.uint16)
            for out in (exact, found):
                run(
                    out, 7, 40, x, 0, 2 * length, 2, w, 0, 2 * width, np.array([0]), w_taps, 1, length, bias, 0, 0,
                    -np.inf, bias, 0, 0, 0, pixels, vectors, valid,
                )  # fmt: skip
            written = exact != SENTINEL
            assert written.sum() == pixels * valid
            np.testing.assert_array_equal(found[written], to_bfloat16(exact[written]))
            assert (found[~written] == 7).all()
