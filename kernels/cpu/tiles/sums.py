"""sum_tile: pixels x filters, each the sum of products over the taps of a kernel and the terms behind each tap."""

import numpy as np

from fastcnn.kernels.cpu import vector
from fastcnn.kernels.cpu.tiles.parts import (
    accumulators,
    start_with_bias,
    store_filters,
    sum_over_taps,
    switch,
    tile,
    twin_lanes,
    twin_load,
)
from fastcnn.kernels.cpu.vector import REGISTERS, at, const

# Sums of one tile: measured on AVX-512, 24 sums of 32 registers gave 205-230 GFLOP/s, 16 sums 160-220, 28 sums spilled
# (90-190). With 16 registers, 12 sums leave room for two vectors of weights and one pixel.
TILE_PIXELS = 12 if REGISTERS == 32 else 6
TILE_VECTORS = 2


def _twin(
    out, out_at, out_step, x, x_at, x_step, x_term, w, w_at, w_term, x_taps, w_taps, taps, length, bias, bias_at,
    floor, pixels, vectors, valid,
):  # fmt: skip
    width = vectors * twin_lanes(out)
    for m in range(pixels):
        total = twin_load(bias, bias_at, width).copy()
        for tap in range(taps):
            for k in range(length):
                weights = twin_load(w, w_at + w_taps[tap] + k * w_term, width)
                total += x[x_at + m * x_step + x_taps[tap] + k * x_term] * weights
        total = np.where(total < floor, floor, total)
        out[out_at + m * out_step : out_at + m * out_step + valid] = total[:valid]


@tile(_twin)
def sum_tile(builder, a, vtype):
    """out[m, k] = max(floor, bias[k] + sum over taps and terms of x[m] * w[k]) for `valid` filters of `vectors`."""

    def emit(pixels, vectors):
        acc = accumulators(builder, vtype, pixels, vectors)
        start_with_bias(builder, a, vtype, acc)
        offsets = [builder.mul(a.x_step, const(m)) for m in range(pixels)]
        sum_over_taps(builder, a, vtype, acc, offsets, a.x_term)
        floor = vector.splat(builder, vtype, a.floor)
        for (m, v), total in acc.items():
            target = at(builder, a.out, a.out_at, builder.mul(a.out_step, const(m)), const(v * vtype.count))
            value = vector.at_least(builder, builder.load(total), floor)
            store_filters(builder, value, target, a, v, last=v == vectors - 1)

    switch(builder, a.pixels, range(1, TILE_PIXELS + 1), a.vectors, range(1, TILE_VECTORS + 1), emit)
