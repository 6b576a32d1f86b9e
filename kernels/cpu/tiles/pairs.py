"""The tiles for bfloat16: `sum_tile` whose terms are pairs of bfloat16 numbers, and whose sums are float32.

x and w are uint16, the bits of bfloat16 numbers, and so may be out; all other arrays are float32. Two neighbours along
the sum are a pair. `length` counts pairs. The pairs of a tap lie one after the other in x, so x_term is 2. In w the
pairs of the filters of a block are neighbours: w[tap + k * w_term + 2 * filter + j] is number j of pair k.

- `avx512_tile` vdpbf16ps: each lane adds the two products of a pair.
- `plain_tile` widens the numbers and multiplies them as float32. It runs on every CPU, to test the others.
- `amx_tile` is in `amx.py`.
"""

import llvmlite.ir as ir
import numpy as np

from fastcnn.kernels.cpu.tiles.parts import Terms, nothing, tile, twin_lanes, twin_load, twin_stored, values
from fastcnn.kernels.cpu.tiles.sums import ALL_SIZES, NEXT_TILE, TILE_PIXELS, SumTile, code
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT32

HALF_PAIR_BYTES = 2  # a pair in x may begin at any number


class BFloat(ir.Type):  # type: ignore[misc]  # llvmlite has no types
    """LLVM's bfloat, which llvmlite does not know."""

    def _to_string(self):
        return "bfloat"

    def __eq__(self, other):
        return isinstance(other, BFloat)

    def __hash__(self):
        return hash(BFloat)


def twin(
    out, out_at, out_stride, x, x_at, x_stride, x_term, w, w_at, w_term, x_taps, w_taps, taps, length, bias, bias_at,
    bias_step, floor, addend, addend_at, addend_stride, adds, pixels, vectors, valid,
):  # fmt: skip
    width = vectors * twin_lanes(out)
    for m in range(pixels):
        total = twin_load(bias, bias_at + m * bias_step, width).copy()
        for tap in range(taps):
            terms = values(twin_load(x, x_at + m * x_stride + x_taps[tap], x_term * length)).reshape(length, x_term)
            block = values(twin_load(w, w_at + w_taps[tap], w_term * length)).reshape(length, w_term)
            weights = block[:, : 2 * width].reshape(length, width, 2)
            total += np.einsum("kj,kfj->f", terms, weights)
        if adds:
            total += twin_load(addend, addend_at + m * addend_stride, width)
        total = np.where(total < floor, floor, total)
        out[out_at + m * out_stride : out_at + m * out_stride + valid] = twin_stored(total, out)[:valid]


def pair_vector(vtype):
    """A vector of pairs, one for each lane of the sums."""
    return ir.VectorType(INT32, vtype.count)


def load_pairs(builder, pointer, vtype):
    """A vector of neighbouring pairs."""
    source = builder.bitcast(pointer, pair_vector(vtype).as_pointer())
    return builder.load(source, align=HALF_PAIR_BYTES)


def same_pair(builder, pointer, vtype):
    """One pair in each lane."""
    pair = builder.load(builder.bitcast(pointer, INT32.as_pointer()), align=HALF_PAIR_BYTES)
    return vector.splat(builder, pair_vector(vtype), pair)


def dot(builder, pixel, weights, total):
    """total + the products of both halves of each pair, by vdpbf16ps. It takes denormal numbers for zero."""
    numbers = ir.VectorType(BFloat(), 2 * total.type.count)
    kind = ir.FunctionType(total.type, [total.type, numbers, numbers])
    function = vector.function(builder, "llvm.x86.avx512bf16.dpbf16ps.512", kind)
    return builder.call(function, [total, *(builder.bitcast(pairs, numbers) for pairs in (pixel, weights))])


def widened_dot(builder, pixel, weights, total):
    """The same by two multiply-adds of float32 numbers."""

    def same(number):
        return ir.Constant(pixel.type, [number] * pixel.type.count)

    for half in (
        lambda pairs: builder.shl(pairs, same(16)),  # the first number of each pair is the lower half
        lambda pairs: builder.and_(pairs, same(-(1 << 16))),
    ):
        x, w = (builder.bitcast(half(pairs), total.type) for pairs in (pixel, weights))
        total = vector.multiply_add(builder, x, w, total)
    return total


AVX512_TERMS = Terms(2, same_pair, load_pairs, dot)
PLAIN_TERMS = Terms(2, same_pair, load_pairs, widened_dot)


@tile(twin)
def avx512_tile(builder, a, vtype):
    code(builder, a, vtype, ALL_SIZES, AVX512_TERMS)


@tile(twin)
def plain_tile(builder, a, vtype):
    code(builder, a, vtype, ALL_SIZES, PLAIN_TERMS)


AVX512 = SumTile("avx512", avx512_tile, nothing, nothing, NEXT_TILE, TILE_PIXELS)
PLAIN = SumTile("plain", plain_tile, nothing, nothing, NEXT_TILE, TILE_PIXELS)
