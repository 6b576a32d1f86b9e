"""sum_tile: pixels x filters, each the sum of products over the taps of a kernel and the terms of each tap."""

from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastcnn.kernels.cpu.tiles.parts import (
    NUMBERS,
    Terms,
    accumulators,
    nothing,
    start_with_bias,
    store_filters,
    sum_over_taps,
    switch,
    tile,
    twin_lanes,
    twin_load,
)
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import REGISTERS, at, const

# Sums of one tile. With 32 registers, 24 sums are fastest, and 28 spill (docs/tried.md). With 16 registers, 12 sums
# leave room for two vectors of weights and one pixel.
TILE_PIXELS = 12 if REGISTERS == 32 else 6
TILE_VECTORS = 2
EVEN_PIXELS = TILE_PIXELS // 3
LEAST_PIXELS = 4  # of two vectors: fewer sums do not hide the latency of a multiply-add
# Sizes of a tile, for one vector of filters and for two. Compiling one size takes 0.1 s, four times in a parallel
# kernel. So some sizes are left out; two tiles of other sizes take their place.
TILE_SIZES = {
    1: [m for m in (1, 2, 4, 8) if m < TILE_PIXELS] + [TILE_PIXELS],
    2: [1, 2, 4, 7, 8, 9, TILE_PIXELS] if TILE_PIXELS == 12 else [1, 2, 3, 4, 5, TILE_PIXELS],
}


class SumTile(NamedTuple):
    """A tile that `sum_products` can be made with."""

    name: str
    tile: Any  # with the arguments of sum_tile
    begin: Any  # called by each task before its first tile
    end: Any  # called by each task after its last tile
    next_tile: npt.NDArray[np.int64]  # [vectors - 1, pixels]: the size of the next tile
    pixels: int  # of a tile, where more are left than next_tile knows


def _next_tile(sizes: list[int]) -> list[int]:
    """For 0 to 3 * TILE_PIXELS pixels, the size of the first tile of the cheapest split into tiles."""
    cost, first = [0.0], [0]
    for pixels in range(1, 3 * TILE_PIXELS + 1):
        # A tile takes as long as its pixels, but at least as long as LEAST_PIXELS. Its start costs as much as a pixel.
        choices = [(max(m, LEAST_PIXELS) + 1 + cost[pixels - m], -m) for m in sizes if m <= pixels]
        best, size = min(choices)
        cost.append(best)
        first.append(-size)
    return first


ALL_SIZES = [(pixels, vectors) for vectors in TILE_SIZES for pixels in TILE_SIZES[vectors]]
# NEXT_TILE[vectors - 1, pixels] is the size of the next tile; it is TILE_PIXELS where more pixels are left.
NEXT_TILE = np.array([_next_tile(TILE_SIZES[1]), _next_tile(TILE_SIZES[2])])


def _twin(
    out, out_at, out_stride, x, x_at, x_stride, x_term, w, w_at, w_term, x_taps, w_taps, taps, length, bias, bias_at,
    bias_step, floor, addend, addend_at, addend_stride, adds, pixels, vectors, valid,
):  # fmt: skip
    width = vectors * twin_lanes(out)
    for m in range(pixels):
        total = twin_load(bias, bias_at + m * bias_step, width).copy()
        for tap in range(taps):
            for k in range(length):
                weights = twin_load(w, w_at + w_taps[tap] + k * w_term, width)
                total += x[x_at + m * x_stride + x_taps[tap] + k * x_term] * weights
        if adds:
            total += twin_load(addend, addend_at + m * addend_stride, width)
        total = np.where(total < floor, floor, total)
        out[out_at + m * out_stride : out_at + m * out_stride + valid] = total[:valid]


def code(builder: Any, a: Any, vtype: Any, sizes: Any, terms: Terms = NUMBERS) -> None:
    """The code of these tiles, for these (pixels, vectors)."""

    def emit(pixels, vectors):
        acc = accumulators(builder, vtype, pixels, vectors)
        start_with_bias(builder, a, vtype, acc, a.bias_step)
        offsets = [builder.mul(a.x_stride, const(m)) for m in range(pixels)]
        sum_over_taps(builder, a, vtype, acc, offsets, a.x_term, terms)
        with builder.if_then(builder.icmp_signed("!=", a.adds, const(0))):
            for (m, v), total in acc.items():
                row = builder.mul(a.addend_stride, const(m))
                added = vector.load(builder, at(builder, a.addend, a.addend_at, row, const(v * vtype.count)), vtype)
                builder.store(builder.fadd(builder.load(total), added), total)
        floor = vector.splat(builder, vtype, a.floor)
        for (m, v), total in acc.items():
            target = at(builder, a.out, a.out_at, builder.mul(a.out_stride, const(m)), const(v * vtype.count))
            value = vector.at_least(builder, builder.load(total), floor)
            store_filters(builder, value, target, a, v, last=v == vectors - 1)

    switch(builder, a.pixels, a.vectors, sizes, emit)


@tile(_twin)
def sum_tile(builder, a, vtype):
    """out[m, k] = max(floor, bias[m, k] + sum over taps and terms of x[m] * w[k]) for `valid` filters of `vectors`.

    bias_step : 0, or that of out where bias is out: then the products are added to the sums that are there
    adds : 1 where addend[m, k] is added before the floor, else 0
    """
    code(builder, a, vtype, ALL_SIZES)


NUMBER_TILE = SumTile("numbers", sum_tile, nothing, nothing, NEXT_TILE, TILE_PIXELS)


@tile(_twin)
def even_tile(builder, a, vtype):
    """`sum_tile` for multiples of EVEN_PIXELS only, which takes less time to compile."""
    code(builder, a, vtype, product(range(EVEN_PIXELS, TILE_PIXELS + 1, EVEN_PIXELS), range(1, TILE_VECTORS + 1)))
