"""Convolution of (N, C, H, W) arrays and its gradient by the input without a change of layout.

See `products/dense.py`.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.functions.workspace import lent
from fastcnn.kernels.cpu.products.dense import FILTERS, filter_sums, matrix_sums, tile_time
from fastcnn.kernels.cpu.products.geometry import Table
from fastcnn.kernels.cpu.products.layout import block_width, pack_weight, pack_weight_flipped, spaced
from fastcnn.kernels.cpu.products.planes import Shifts, backward_shifts, forward_shifts
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_COPIES, PARALLEL_PRODUCTS, copy, run
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.shapes import Array, Padding, Pair, Shape, windows
from fastcnn.kernels.threads import threads

# Copying an element to channels-last and another back takes as long as so many multiply-adds, beyond copying it here.
COPY_PRODUCTS = 25
COPY_ROW = 20  # and to copy a row takes as long as so many more than its elements do
# Of one task, and of the weights: what stays in the second cache. CPUs with narrow vectors have half of it. Planes that
# are read in fewer passes than MOST_PASSES may be so many times as large.
SCRATCH_BYTES, MOST_PASSES = (1 << 20, 4) if VECTOR_BYTES == 64 else (3 << 18, 8)


@lru_cache(maxsize=256)
def serves(
    input_plane: Pair, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, sources: int, results: int,
    backward: bool, dtype: np.dtype[Any],
) -> bool:  # fmt: skip
    """Whether these functions are faster than those that copy to channels-last, for a group.

    It reads `sources` planes and writes `results` planes. Tiles are not always full: there the channels of a result,
    and here the pixels of a plane with the gaps between its rows.
    """
    if is_matrix(kernel_size, stride, padding, input_plane[0] * input_plane[1], dtype):
        return True
    args = input_plane, kernel_size, stride, padding, dilation, 1
    shifts = backward_shifts(*args, kernel_size[0] * kernel_size[1]) if backward else forward_shifts(*args)
    taps, lanes = kernel_size[0] * kernel_size[1], block_width(dtype) // 2
    passes = min(MOST_PASSES, -(-results // FILTERS)) / MOST_PASSES  # over the scratch
    if max(sources * shifts.bordered * passes, sources * results * taps) * dtype.itemsize > SCRATCH_BYTES:
        return False
    here, there = 0.0, 0.0
    for phase, length in enumerate(shifts.length):
        share = np.diff(shifts.phase_taps)[phase] / taps
        rows, columns = divmod(int(length) - 1, shifts.pitch)
        here += share * tile_time(results, int(length), lanes)
        there += share * tile_time(columns + 1, results, lanes) * (rows + 1)
    # With a stride the copies of one side go element by element here, and are no faster.
    copied = 0 if backward and stride != (1, 1) else results * shifts.out_plane
    copied += sources * shifts.x_plane if stride == (1, 1) else 0
    return bool(here < there + COPY_PRODUCTS * copied / (sources * taps * lanes))


def conv2d(
    x: Array, weight: Array, bias: Array | None, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d`."""
    N, C, H, W = x.shape
    K, channels, R, S = weight.shape
    filters, taps = K // groups, R * S
    out = np.empty((N, K, *windows((N, C, H, W), (R, S), stride, padding, dilation)), x.dtype)
    if is_matrix((R, S), stride, padding, H * W, x.dtype):
        _multiply(out, x, weight, channels, 1, bias, groups)
        return out
    shifts = forward_shifts((H, W), (R, S), stride, padding, dilation, 1)
    packed, size = _room(filters, groups, taps * channels, x.dtype)
    for group in range(groups):
        own = packed[group * size :], weight.reshape(-1), spaced(K, channels * taps)
        copy(pack_weight, size, *own, group * filters, filters, FILTERS, channels, taps)
    _sum_shifts(out, x, packed, bias, shifts, spaced(taps, channels * FILTERS), groups)
    return out


def conv2d_grad_input(
    grad_out: Array, weight: Array, input_shape: Shape, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d_grad_input`."""
    _, _, H, W = input_shape
    K, channels, R, S = weight.shape
    filters, taps = K // groups, R * S
    grad_input = np.empty(input_shape, grad_out.dtype)
    if is_matrix((R, S), stride, padding, H * W, grad_out.dtype):
        _multiply(grad_input, grad_out, weight, 1, channels, None, groups)
        return grad_input
    shifts = backward_shifts((H, W), (R, S), stride, padding, dilation, 1, channels * taps)
    packed, size = _room(channels, groups, taps * filters, weight.dtype)
    for group in range(groups):
        own = packed[group * size :], weight.reshape(-1), spaced(K, channels * taps)
        copy(pack_weight_flipped, size, *own, group * filters, filters, FILTERS, channels, taps)
    _sum_shifts(grad_input, grad_out, packed, None, shifts, (taps - 1 - shifts.w_taps) * (filters * FILTERS), groups)
    return grad_input


def is_matrix(kernel_size: Pair, stride: Pair, padding: Padding, pixels: int, dtype: np.dtype[Any]) -> bool:
    """Whether a convolution is a product of matrices, with a picture's planes as the rows of one."""
    alone = kernel_size == stride == (1, 1) and padding == ((0, 0), (0, 0))
    return alone and pixels >= block_width(dtype)


def _room(results: int, groups: int, terms: int, dtype: np.dtype[Any]) -> tuple[Array, int]:
    """Memory for the packed weights of all groups, and the size of one."""
    size = -(-results // FILTERS) * FILTERS * terms
    return aligned_zeros(groups * size, dtype), size


def _offsets(bias: Array | None, results: int, dtype: np.dtype[Any]) -> Array:
    """The bias of each result for all pixels of a tile."""
    width = block_width(dtype)
    return np.zeros(results * width, dtype) if bias is None else np.repeat(bias, width)


def _parts(units: int, results: int, elements: int, products: int) -> Pair:
    """Into how many tasks the units are cut, and their results."""
    if threads() == 1 or (elements < PARALLEL_COPIES and products < PARALLEL_PRODUCTS):
        return 1, 1
    if units == 1:  # each task copies the planes of the picture
        return 1, min(threads(), -(-results // FILTERS))
    return min(units, 4 * threads()), 1 if units >= 2 * threads() else -(-results // FILTERS)


def _multiply(out: Array, x: Array, weight: Array, w_step: int, w_term: int, bias: Array | None, groups: int) -> None:
    """See `matrix_sums`."""
    sources, results, units = x.shape[1] // groups, out.shape[1] // groups, len(x) * groups
    parts = _parts(units, results, x.size + out.size, out.size * sources)
    run(
        matrix_sums, parts != (1, 1), out.reshape(-1), x.reshape(-1), weight.reshape(-1), w_step, w_term,
        _offsets(bias, results * groups, x.dtype), units, groups, sources, results, x.shape[2] * x.shape[3], *parts,
    )  # fmt: skip


def _sum_shifts(
    out: Array, x: Array, packed: Array, bias: Array | None, shifts: Shifts, w_taps: Table, groups: int
) -> None:
    """See `filter_sums`."""
    sources, results, units = x.shape[1] // groups, out.shape[1] // groups, len(x) * groups
    parts = _parts(units, results, x.size + out.size, out.size * sources * len(w_taps))
    width = block_width(x.dtype)
    by_rows = shifts.phases == 1 and rows_are_faster(
        results, len(shifts.store) // 3, int(shifts.store[2]), int(shifts.length[0]), len(w_taps) * sources, width // 2
    )
    sums = 0 if by_rows else FILTERS * shifts.phases * shifts.run
    size = sources * shifts.bordered + sums + 2 * width
    with lent(x.dtype, [], [parts[0] * parts[1] * size]) as (scratch,):
        run(
            filter_sums, parts != (1, 1), out.reshape(-1), x.reshape(-1), packed,
            _offsets(bias, results * groups, x.dtype), scratch, shifts, w_taps, units, groups, sources, results,
            by_rows, *parts,
        )  # fmt: skip


@lru_cache(maxsize=256)
def rows_are_faster(results: int, rows: int, columns: int, length: int, terms: int, lanes: int) -> bool:
    """Whether tiles that begin with each row are faster than those of a whole plane, of `length` with its gaps.

    Their last one in a row may be fuller or emptier, but the plane's rows are copied out one by one.
    """
    copied = results * rows * (COPY_ROW + columns / 4)
    return tile_time(results, columns, lanes) * rows < tile_time(results, length, lanes) + copied / terms
