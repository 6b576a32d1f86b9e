"""Cut a call of a kernel into calls that threads may run at the same time, each with its own part of the result.

A part has its own tables, or begins further on in the arrays; no kernel knows of it. Each sum is in one part, and in
its usual order: the bits do not depend on the number of parts.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products import winograd, winograd_rows
from fastcnn.kernels.cpu.products.layout import block_width
from fastcnn.kernels.cpu.products.loops import dot_products, pooled_products, sum_products
from fastcnn.kernels.cpu.tiles.dots import DOT_OUTPUTS

Args = tuple[Any, ...]

SECOND_CACHE_BYTES = 1 << 20  # of a core, on most CPUs at least
ENOUGH = 4  # tasks for each thread
LEAST_PRODUCTS = 1 << 16  # multiply-adds of a call: fewer take a microsecond or two, as threads do to meet


class Cut(NamedTuple):
    """The arguments of the parts, and the multiply-adds of all."""

    parts: list[Args]
    products: int


def cut(kernel: Any, args: Args, threads: int) -> Cut | None:
    """About two parts for each thread, or None: a kernel that is not cut, or pictures enough to share them."""
    cutter = CUTTERS.get(id(kernel))
    found = cutter(args, threads) if cutter else None
    return Cut([args], found.products) if found and found.products < LEAST_PRODUCTS else found


def few(images: int, threads: int) -> bool:
    """Whether there are too few pictures to give each thread some."""
    return images < ENOUGH * threads


def _ranges(count: int, parts: int) -> list[tuple[int, int]]:
    """The first and the end of each part of `count`, of about the same size, and none empty."""
    parts = min(parts, count)
    return [(count * i // parts, count * (i + 1) // parts) for i in range(parts)]


def _cut_sums(args: Args, threads: int) -> Cut | None:
    out, so_far, x, w, bias, floor, addend, x_rows, out_rows, row_taps, x_taps, w_taps, walk, _, _ = args
    if not few(walk.images, threads) or out.dtype != bias.dtype:
        return None
    rows, width = len(x_rows), block_width(bias.dtype)
    blocks = -(-walk.filters // width)
    products = walk.images * rows * walk.columns * walk.filters * walk.taps_step * walk.length
    weights = 0 if walk.w_image else walk.filters * walk.taps_step * walk.length * bias.itemsize
    parts: list[Args] = []
    if blocks >= threads and (rows < 2 * threads or weights > SECOND_CACHE_BYTES // 2):
        for first, end in _ranges(blocks, 2 * threads):
            at = first * width
            own = walk._replace(
                filters=min(end * width, walk.filters) - at,
                w_at=walk.w_at + first * walk.w_block, out_at=walk.out_at + at,
            )  # fmt: skip
            added = addend._replace(at=addend.at + at)
            parts.append(
                (out, so_far, x, w, bias[first * walk.bias_block :], floor, added, x_rows, out_rows, row_taps, x_taps,
                 w_taps, own, 1, 1)
            )  # fmt: skip
    else:
        for first, end in _ranges(rows, 2 * threads):
            added = addend._replace(rows=addend.rows[first:end])
            parts.append(
                (out, so_far, x, w, bias, floor, added, x_rows[first:end], out_rows[first:end],
                 row_taps[2 * first : 2 * end], x_taps, w_taps, walk, 1, 1)
            )  # fmt: skip
    return Cut(parts, products)


def _cut_pooled(args: Args, threads: int) -> Cut | None:
    out, codes, codes_width, x, w, bias, x_rows, out_rows, x_below, x_taps, w_taps, walk, _ = args
    if codes_width or not few(walk.images, threads):  # codes are for trainings; a row's place is not in these tables
        return None
    rows = len(x_rows)
    products = 4 * walk.images * rows * walk.columns * walk.filters * walk.taps * walk.length
    parts = [
        (out, codes, 0, x, w, bias, x_rows[first:end], out_rows[first:end], x_below, x_taps, w_taps, walk, 1)
        for first, end in _ranges(rows, 2 * threads)
    ]
    return Cut(parts, products)


def _cut_dots(args: Args, threads: int) -> Cut | None:
    out, x, w, bias, floor, pictures, outputs, length, x_stride, w_stride, out_stride, _, _ = args
    if not few(pictures, threads):
        return None
    parts = []
    for first, end in _ranges(-(-outputs // DOT_OUTPUTS), 2 * threads):
        k, stop = first * DOT_OUTPUTS, min(outputs, end * DOT_OUTPUTS)
        parts.append(
            (out[k:], x, w[k * w_stride :], bias[k:], floor, pictures, stop - k, length, x_stride, w_stride, out_stride,
             1, 1)
        )  # fmt: skip
    return Cut(parts, pictures * outputs * length)


def _cut_winograd(args: Args, threads: int) -> Cut | None:
    out, codes, x, w, bias, floor, addend, scratch, zeros, tap, tiling = args
    if not few(tiling.images, threads):
        return None
    shared = winograd.shared(tiling, threads, out.dtype)
    if scratch.size < winograd.scratch_count(shared):
        scratch = aligned_zeros(winograd.scratch_count(shared), out.dtype)
    parts = [
        (out, codes, x, w, bias, floor, addend, scratch, zeros, tap, shared._replace(first=worker, workers=1))
        for worker in range(shared.workers)
    ]
    return Cut(parts, tiling.images * tiling.rows * tiling.columns * tiling.C * tiling.K * winograd.POINTS)


def _cut_rows(args: Args, threads: int) -> Cut | None:
    *arrays, rows, _ = args
    if not few(rows.images, threads):
        return None
    parts = [
        (*arrays, rows._replace(first=first, rows=end - first), 1) for first, end in _ranges(rows.rows, 2 * threads)
    ]
    return Cut(parts, winograd_rows.multiply_adds(rows))


CUTTERS: dict[int, Callable[[Args, int], Cut | None]] = {
    id(sum_products.serial): _cut_sums,
    id(pooled_products.serial): _cut_pooled,
    id(dot_products.serial): _cut_dots,
    id(winograd.winograd_products.serial): _cut_winograd,
    id(winograd_rows.pooled_rows.serial): _cut_rows,
}
