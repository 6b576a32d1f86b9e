"""The layouts of bfloat16 operands, and the tables of `sum_products` over them.

Two neighbours along a sum are a pair, for all three tiles (`tiles/pairs.py`). So the output and the gradient of the
input sum over pairs of channels, and the gradient of the weight over pairs of pixels:

- Pictures are channels-last with an even number of channels; if one is missing, there is a channel of zeros more.
- Packed weights are (blocks, taps, pairs, filters of a block, 2), where the pairs of a tap end with zeros, up to a
  multiple of what one AMX register holds.
- For the gradient of the weight, x is (N, C, stride, stride, rows, columns): planes of every stride-th row and column.
  A tap is a shift of a whole plane there. The gradient of the output is (N, blocks, pairs of pixels, filters of a
  block, 2), with rows as wide as those planes. Each picture is one sum.

A NaN or an infinity in a pixel reaches the gradients of all taps of its channel, also of those that did not see it.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import prange, types
from numba.extending import overload

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products.geometry import PART_PIXELS, Convolution, Phase, Table, Tables
from fastcnn.kernels.cpu.products.layout import block_width
from fastcnn.kernels.cpu.products.loops import Walk, products_with
from fastcnn.kernels.cpu.tiles.amx import AMX, PAIRS
from fastcnn.kernels.cpu.tiles.pairs import AVX512, PLAIN
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.cpu.toolchain.sharing import copy
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array, Shape

FLOAT32, BITS = np.dtype(np.float32), np.dtype(np.uint16)
# The kernel of each unit of `toolchain/bfloat16.py`. One is compiled only where it is called.
PRODUCTS = {tile.name: products_with(tile) for tile in (AMX, AVX512, PLAIN)}
PIXELS = {tile.name: tile.pixels for tile in (AMX, AVX512, PLAIN)}  # of a tile
WIDTH = block_width(FLOAT32)  # filters of a block


@inner
def _rounded_bits(number):
    """bfloat16's bits from those of a float32 number, as `kernels/reference/bfloat16.py` has them."""
    upper = np.uint32(number >> np.uint32(16))
    if (number & np.uint32(0x7FFFFFFF)) > np.uint32(0x7F800000):
        return np.uint16(upper | np.uint32(0x40))
    return np.uint16((number + np.uint32(0x7FFF) + (upper & np.uint32(1))) >> np.uint32(16))


def bits_of(number):
    """bfloat16's bits: uint16 as they are, or from those of a float32 number, uint32."""
    return number if number.dtype == np.uint16 else _rounded_bits(number)


@overload(bits_of)
def _typed_bits_of(number):
    """The same for the compiler, which chooses by the type."""
    if number == types.uint16:
        return lambda number: number
    return lambda number: _rounded_bits(number)


@kernel
def to_pictures(out, frame, x):
    """Round x (N, C, H, W), as uint32, into channels-last pictures. Border and a last channel of zeros stay."""
    N, C, H, W = x.shape
    for n in prange(N):
        for h in range(H):
            row = frame.at + n * frame.image + h * frame.row
            for c in range(C):
                for w in range(W):
                    out[row + w * frame.channels + c] = bits_of(x[n, c, h, w])


@kernel
def to_planes(out, x, top, left):
    """Round x (N, C, H, W), as uint32, into out (N, C, stride, stride, rows, columns)."""
    N, C, H, W = x.shape
    down, right = out.shape[2], out.shape[3]
    for n in prange(N):
        for c in range(C):
            for h in range(top, top + H):
                row = out[n, c, h % down]
                for w in range(left, left + W):
                    row[w % right, h // down, w // right] = bits_of(x[n, c, h - top, w - left])


@kernel
def to_pixel_pairs(out, grad_out, columns):
    """Round grad_out (N, K, P, Q), as uint32, into out (N, blocks, pairs, WIDTH, 2) with rows of so many columns."""
    N, K, P, Q = grad_out.shape
    width = out.shape[3]
    for n in prange(N):
        for k in range(K):
            block, lane = k // width, k % width
            for p in range(P):
                for q in range(Q):
                    place = p * columns + q
                    out[n, block, place // 2, lane, place % 2] = bits_of(grad_out[n, k, p, q])


@kernel
def pack_pairs(out, weight, sources, places, filters, filter_step, block_step):
    """Round filters of flat weight, as uint32, into packed pairs: see `Packing`."""
    for block in prange((filters + WIDTH - 1) // WIDTH):
        first = np.int64(block) * WIDTH  # the index of a prange is unsigned
        for term in range(len(sources)):
            at = np.int64(block) * block_step + places[term]
            for lane in range(min(WIDTH, filters - first)):
                out[at + 2 * lane] = bits_of(weight[(first + lane) * filter_step + sources[term]])


def as_bits(x: Array) -> Array:
    """The same float32 numbers as uint32, C-contiguous; bfloat16's bits as they are."""
    return x if x.dtype == np.uint16 else np.ascontiguousarray(x).view(np.uint32)


def whole_registers(pairs: int) -> int:
    """Pairs, up to a multiple of what one register of AMX holds."""
    return -(-pairs // PAIRS) * PAIRS


def over_pairs(tables: Tables) -> Tables:
    """The tables of sums over an even number of float32 terms, for pairs."""
    walk, taps = tables.walk, len(tables.w_taps)
    pairs = walk.length // 2
    run = whole_registers(pairs) * WIDTH * 2
    pairs_walk = walk._replace(length=pairs, x_term=2, w_term=2 * WIDTH, w_block=taps * run)
    return tables._replace(w_taps=np.arange(taps) * run, walk=pairs_walk)


class Packing(NamedTuple):
    """How a weight (K, C, R, S) is packed for tables over pairs: each filter of a block, in places 2 apart."""

    sources: Table  # of each term, from the first element of its filter
    places: Table  # of each term, from the first element of its block
    filters: int  # those of the weight, or its channels where these are what the sums write
    filter_step: int
    block_step: int

    @property
    def size(self) -> int:
        """Elements of the packed weight."""
        return -(-self.filters // WIDTH) * self.block_step

    def call(self, out: Array, weight: Array) -> Call:
        """Round the weight into out, whose other elements stay zero."""
        return pack_pairs, (out, as_bits(weight).reshape(-1), *self)


def packing(tables: Tables, weight_shape: Shape, phase: Phase | None = None) -> Packing:
    """For `tables` over pairs; with a phase, for the gradient of the input.

    weight_shape : of the weight itself, which may have an odd number of what is summed over
    """
    K, C, R, S = weight_shape
    filter_size = C * R * S
    if phase is None:
        r_taps, s_taps, filters, depth, filter_step, depth_step = np.arange(R), np.arange(S), K, C, filter_size, R * S
    else:
        r_taps, s_taps, filters, depth, filter_step, depth_step = *phase[:2], C, K, R * S, filter_size
    walk, runs = tables.walk, tables.w_taps
    i, j, d = np.indices((len(r_taps), len(s_taps), depth)).reshape(3, -1)
    whole = len(runs) == len(r_taps)  # a row of the kernel is one run
    run, term = (i, j * (depth + depth % 2) + d) if whole else (i * len(s_taps) + j, d)
    places = runs[run] + term // 2 * walk.w_term + term % 2
    return Packing(d * depth_step + r_taps[i] * S + s_taps[j], places, filters, filter_step, walk.w_block)


def packed(tables: Tables, weight: Array, phase: Phase | None = None) -> Array:
    """The weight for `tables` over pairs; see `packing`."""
    how = packing(tables, weight.shape, phase)
    out = aligned_zeros(how.size, BITS)
    call: tuple[Any, Any] = how.call(out, weight)
    copy(call[0], out.size, *call[1])
    return out


class PixelPairs(NamedTuple):
    """The shapes of the operands of a gradient of the weight, and the tables of its sums into (blocks, R, S, C, K)."""

    x: tuple[int, ...]
    grad: tuple[int, ...]
    columns: int
    tables: Tables


def pixel_pairs(shape: Convolution, images: int) -> PixelPairs:
    """See the text at the top of this file."""
    (top, bottom), (left, right) = shape.padding
    (sh, sw), (dh, dw) = shape.stride, shape.dilation
    rows, columns = -(-(shape.H + top + bottom) // sh), -(-(shape.W + left + right) // sw)
    pixels = (shape.P - 1) * columns + shape.Q
    pairs = (pixels + 1) // 2
    x_shape = images, shape.C, sh, sw, rows, columns
    grad_shape = images, -(-shape.K // WIDTH), whole_registers(pairs), WIDTH, 2
    per_block, blocks = shape.gradient_blocks(images)
    plane, part = rows * columns, grad_shape[2] * WIDTH * 2
    taps = [(r * dh, s * dw) for r in range(shape.R) for s in range(shape.S)]
    starts = [((r % sh) * sw + s % sw) * plane + r // sh * columns + s // sw for r, s in taps]
    picture = shape.C * sh * sw * plane
    walk = Walk(
        images=blocks, columns=shape.C, filters=shape.K, taps=images, taps_step=per_block,
        taps_part=max(1, PART_PIXELS // pixels), length=pairs, x_at=0, x_image=per_block * picture,
        x_step=sh * sw * plane, x_term=2, w_at=0, w_image=per_block * grad_shape[1] * part, w_block=part,
        w_term=2 * WIDTH, out_at=0, out_image=len(taps) * shape.C * shape.K, out_step=shape.K, bias_block=0,
    )  # fmt: skip
    numbers = np.arange(per_block)
    tables = Tables(
        np.array(starts),
        np.arange(len(taps)) * shape.C * shape.K,
        np.array([0, per_block] * len(taps)),
        numbers * picture,
        numbers * grad_shape[1] * part,
        walk,
    )
    return PixelPairs(x_shape, grad_shape, columns, tables)


def zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array of zeros that tiles can read past its end."""
    return aligned_zeros(int(np.prod(shape)), dtype)
