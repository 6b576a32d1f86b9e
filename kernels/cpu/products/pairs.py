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
from numba import prange

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products import weights
from fastcnn.kernels.cpu.products.geometry import PART_PIXELS, Convolution, Phase, Tables
from fastcnn.kernels.cpu.products.layout import block_width, packed_count
from fastcnn.kernels.cpu.products.loops import Walk, products_with
from fastcnn.kernels.cpu.tiles.amx import AMX, PAIRS
from fastcnn.kernels.cpu.tiles.pairs import AVX512, PLAIN
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.cpu.toolchain.sharing import copy
from fastcnn.kernels.shapes import Array

FLOAT32, BITS = np.dtype(np.float32), np.dtype(np.uint16)
# The kernel of each unit of `toolchain/bfloat16.py`. One is compiled only where it is called.
PRODUCTS = {tile.name: products_with(tile) for tile in (AMX, AVX512, PLAIN)}
WIDTH = block_width(FLOAT32)  # filters of a block


@inner
def bits_of(number):
    """bfloat16's bits from those of a float32 number, as `kernels/reference/bfloat16.py` has them."""
    upper = np.uint32(number >> np.uint32(16))
    if (number & np.uint32(0x7FFFFFFF)) > np.uint32(0x7F800000):
        return np.uint16(upper | np.uint32(0x40))
    return np.uint16((number + np.uint32(0x7FFF) + (upper & np.uint32(1))) >> np.uint32(16))


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
def to_term_pairs(out, x):
    """Round x (runs, terms, width), as uint32, into out (runs, pairs, width, 2), which may have more pairs."""
    runs, terms, width = x.shape
    for run in prange(runs):
        for term in range(terms):
            for lane in range(width):
                out[run, term // 2, lane, term % 2] = bits_of(x[run, term, lane])


def as_bits(x: Array) -> Array:
    """The same float32 numbers as uint32, C-contiguous."""
    return np.ascontiguousarray(x).view(np.uint32)


def pad_channels(weight: Array, axis: int) -> Array:
    """The weight with zeros for one more channel if their number is odd."""
    widths = [(0, weight.shape[i] % 2 if i == axis else 0) for i in range(weight.ndim)]
    return np.ascontiguousarray(np.pad(weight, widths))


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


def packed(tables: Tables, weight: Array, shape: Convolution, phase: Phase | None = None) -> Array:
    """The weight for `over_pairs(tables)`; with a phase, for the gradient of the input."""
    walk, taps = tables.walk, len(tables.w_taps)
    terms = taps * walk.length
    whole = np.zeros(packed_count(walk.filters, terms, FLOAT32), FLOAT32)
    call: tuple[Any, Any] = (
        weights.pack(whole, weight, shape, 0) if phase is None else weights.pack_flipped(whole, weight, shape, 0, phase)
    )
    copy(call[0], whole.size, *call[1])
    runs = whole.size // max(1, walk.length * WIDTH)
    pairs = whole_registers(walk.length // 2)
    out = aligned_zeros(runs * pairs * WIDTH * 2, BITS)
    source = as_bits(whole).reshape(runs, walk.length, WIDTH)
    copy(to_term_pairs, whole.size, out.reshape(runs, pairs, WIDTH, 2), source)
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
