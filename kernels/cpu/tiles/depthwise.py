"""The tiles of depthwise convolution: each lane is a sum of its own, and a tap multiplies whole vectors of pixels.

- `channel_tile` channels-last: a vector is so many channels of one pixel, with a weight for each;
- `plane_tile`   plane by plane: a vector is so many pixels of one channel, and they share a weight;
- `moment_tile`  the gradient of the weight in either layout: a vector of sums for each tap;
- `copy_tile`, `skip_tile`, `zip_tile` rows of planes to a scratch and back; the last two with a stride of 2;
- `add_tile`     a row added to another, for col2im.

A weight is used once for each pixel that is loaded. So loads limit these tiles, two in a cycle, and not arithmetic.
"""

import llvmlite.ir as ir
import numpy as np
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.parts import accumulators, switch, tile, twin_lanes, twin_load
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT64, at, const

VECTOR_COUNTS = (8, 4, 2, 1)  # vectors of sums in one channel_tile or plane_tile
MOMENT_TAPS = (9, 5, 3, 1)  # taps of one moment_tile


def _sums(builder, a, vtype, count, stride, spread):
    """The sums of `count` vectors of out, `stride` apart in x; `spread` makes a vector from where a weight begins."""
    acc = accumulators(builder, vtype, count, 1)
    bias = spread(at(builder, a.bias, a.bias_at))
    for total in acc.values():
        builder.store(bias, total)
    offsets = [stride(m) for m in range(count)]
    with cgutils.for_range(builder, a.taps, intp=INT64) as tap:
        x = at(builder, a.x, a.x_at, builder.load(at(builder, a.x_taps, a.first, tap.index)))
        weight = spread(at(builder, a.w, a.w_at, builder.load(at(builder, a.w_taps, a.first, tap.index))))
        for m, offset in enumerate(offsets):
            pixel = vector.load(builder, at(builder, x, offset), vtype)
            builder.store(vector.multiply_add(builder, pixel, weight, builder.load(acc[m, 0])), acc[m, 0])
    return [builder.load(acc[m, 0]) for m in range(count)]


def _channel_twin(
    out, out_at, out_stride, x, x_at, x_stride, w, w_at, x_taps, w_taps, first, taps, bias, bias_at, floor,
    pixels, valid,
):  # fmt: skip
    lanes = twin_lanes(out)
    for m in range(pixels):
        total = twin_load(bias, bias_at, lanes).copy()
        for tap in range(first, first + taps):
            pixel = twin_load(x, x_at + m * x_stride + x_taps[tap], lanes)
            total += pixel * twin_load(w, w_at + w_taps[tap], lanes)
        total = np.where(total < floor, floor, total)
        out[out_at + m * out_stride : out_at + m * out_stride + valid] = total[:valid]


@tile(_channel_twin)
def channel_tile(builder, a, vtype):
    """out[m, c] = max(floor, bias[c] + sum over taps of x[m, tap, c] * w[tap, c]) for the first `valid` lanes c."""

    def emit(pixels, _):
        totals = _sums(
            builder, a, vtype, pixels, lambda m: builder.mul(a.x_stride, const(m)),
            lambda start: vector.load(builder, start, vtype),
        )  # fmt: skip
        floor = vector.splat(builder, vtype, a.floor)
        targets = [at(builder, a.out, a.out_at, builder.mul(a.out_stride, const(m))) for m in range(pixels)]
        values = [vector.at_least(builder, total, floor) for total in totals]
        with builder.if_else(builder.icmp_signed(">=", a.valid, const(vtype.count))) as (whole, part):
            with whole:
                for value, target in zip(values, targets, strict=True):
                    vector.store(builder, value, target)
            with part:
                for value, target in zip(values, targets, strict=True):
                    vector.store_first(builder, value, target, a.valid)

    switch(builder, a.pixels, const(0), [(pixels, 0) for pixels in VECTOR_COUNTS], emit)


def _plane_twin(out, out_at, x, x_at, w, w_at, x_taps, w_taps, first, taps, bias, bias_at, vectors):
    count = vectors * twin_lanes(out)
    total = np.full(count, bias[bias_at])
    for tap in range(first, first + taps):
        total += x[x_at + x_taps[tap] : x_at + x_taps[tap] + count] * w[w_at + w_taps[tap]]
    out[out_at : out_at + count] = total


@tile(_plane_twin)
def plane_tile(builder, a, vtype):
    """out[i] = bias + sum over taps of x[tap + i] * w[tap], for so many vectors of contiguous i."""

    def emit(vectors, _):
        totals = _sums(
            builder, a, vtype, vectors, lambda m: const(m * vtype.count),
            lambda start: vector.splat(builder, vtype, builder.load(start)),
        )  # fmt: skip
        for m, total in enumerate(totals):
            vector.store(builder, total, at(builder, a.out, a.out_at, const(m * vtype.count)))

    switch(builder, a.vectors, const(0), [(vectors, 0) for vectors in VECTOR_COUNTS], emit)


def _moment_twin(
    out, out_at, out_stride, x, x_at, x_row, x_step, grad, grad_at, grad_row, grad_step, x_taps, first, taps, rows,
    columns, tail, valid,
):  # fmt: skip
    lanes = twin_lanes(out)
    for tap in range(taps):
        total = twin_load(out, out_at + tap * out_stride, lanes).copy()
        for row in range(rows):
            for column in range(columns + (tail > 0)):
                count = tail if column == columns else lanes
                pixel = x_at + row * x_row + column * x_step + x_taps[first + tap]
                start = grad_at + row * grad_row + column * grad_step
                total[:count] += twin_load(x, pixel, count) * twin_load(grad, start, count)
        out[out_at + tap * out_stride : out_at + tap * out_stride + valid] = total[:valid]


@tile(_moment_twin)
def moment_tile(builder, a, vtype):
    """out[tap] += the sum over rows and columns of grad * x[tap], lane by lane; the first `valid` lanes are written.

    After its whole vectors a row has `tail` elements more. There nothing else is read: it may be infinite.
    """

    def emit(taps, _):
        acc = accumulators(builder, vtype, taps, 1)
        targets = [at(builder, a.out, a.out_at, builder.mul(a.out_stride, const(tap))) for tap in range(taps)]
        offsets = [builder.load(at(builder, a.x_taps, a.first, const(tap))) for tap in range(taps)]
        for tap, target in enumerate(targets):
            builder.store(vector.load(builder, target, vtype), acc[tap, 0])

        def add(x, grad, load):
            g = load(grad)
            for tap, offset in enumerate(offsets):
                pixel = load(at(builder, x, offset))
                builder.store(vector.multiply_add(builder, pixel, g, builder.load(acc[tap, 0])), acc[tap, 0])

        with cgutils.for_range(builder, a.rows, intp=INT64) as row:
            x = at(builder, a.x, a.x_at, builder.mul(row.index, a.x_row))
            grad = at(builder, a.grad, a.grad_at, builder.mul(row.index, a.grad_row))
            with cgutils.for_range(builder, a.columns, intp=INT64) as column:
                add(
                    at(builder, x, builder.mul(column.index, a.x_step)),
                    at(builder, grad, builder.mul(column.index, a.grad_step)),
                    lambda start: vector.load(builder, start, vtype),
                )
            with builder.if_then(builder.icmp_signed(">", a.tail, const(0))):
                add(
                    at(builder, x, builder.mul(a.columns, a.x_step)),
                    at(builder, grad, builder.mul(a.columns, a.grad_step)),
                    lambda start: vector.load_first(builder, start, vtype, a.tail),
                )
        for tap, target in enumerate(targets):
            vector.store_first(builder, builder.load(acc[tap, 0]), target, a.valid)

    switch(builder, a.taps, const(0), [(taps, 0) for taps in MOMENT_TAPS], emit)


def _copy_twin(out, out_at, x, x_at, count):
    out[out_at : out_at + count] = x[x_at : x_at + count]


@tile(_copy_twin)
def copy_tile(builder, a, vtype):
    """out[i] = x[i] for i < count. Rows of a small picture are too short for a call of memcpy.

    The last vector begins earlier, and copies some elements again: a mask would be slow.
    """
    lanes = const(vtype.count)
    with builder.if_else(builder.icmp_signed(">=", a.count, lanes)) as (enough, short):
        with enough:
            with cgutils.for_range(builder, builder.sdiv(a.count, lanes), intp=INT64) as step:
                _copy_vector(builder, a, vtype, builder.mul(step.index, lanes))
            _copy_vector(builder, a, vtype, builder.sub(a.count, lanes))
        with short:
            _copy_short(builder, a, vtype, vtype.count // 2)


def _copy_short(builder, a, vtype, lanes):
    """Copy a row that is shorter than a vector: its first and its last `lanes` elements, or half as many."""
    part = ir.VectorType(vtype.element, lanes)
    with builder.if_else(builder.icmp_signed(">=", a.count, const(lanes))) as (enough, short):
        with enough:
            _copy_vector(builder, a, part, const(0))
            _copy_vector(builder, a, part, builder.sub(a.count, const(lanes)))
        with short:
            if lanes > 1:
                _copy_short(builder, a, vtype, lanes // 2)


def _copy_vector(builder, a, vtype, first):
    value = vector.load(builder, at(builder, a.x, a.x_at, first), vtype)
    vector.store(builder, value, at(builder, a.out, a.out_at, first))


def _add_twin(out, out_at, x, x_at, count):
    out[out_at : out_at + count] += x[x_at : x_at + count]


@tile(_add_twin)
def add_tile(builder, a, vtype):
    """out[i] += x[i] for i < count. The elements of out up to the end of the last vector are read and written back.

    A loop tests each time whether the arrays overlap, and a slice counts references.
    """
    lanes = const(vtype.count)
    whole = builder.sdiv(a.count, lanes)
    with cgutils.for_range(builder, whole, intp=INT64) as step:
        first = builder.mul(step.index, lanes)
        _add_vector(builder, a, vtype, first, vector.load(builder, at(builder, a.x, a.x_at, first), vtype))
    first = builder.mul(whole, lanes)
    rest = builder.sub(a.count, first)
    with builder.if_then(builder.icmp_signed(">", rest, const(0))):
        value = vector.load_first(builder, at(builder, a.x, a.x_at, first), vtype, rest)
        _add_vector(builder, a, vtype, first, value)


def _add_vector(builder, a, vtype, first, value):
    target = at(builder, a.out, a.out_at, first)
    vector.store(builder, builder.fadd(vector.load(builder, target, vtype), value), target)


def _skip_twin(out, out_at, x, x_at, count):
    out[out_at : out_at + count] = x[x_at : x_at + 2 * count : 2][:count]


@tile(_skip_twin)
def skip_tile(builder, a, vtype):
    """out[i] = x[2 * i] for i < count. No element after the last of these is read."""
    lanes = vtype.count
    whole = builder.sdiv(builder.sub(a.count, const(1)), const(lanes))  # the last vector is read with a mask
    with cgutils.for_range(builder, whole, intp=INT64) as step:
        first = builder.mul(step.index, const(lanes))
        x = at(builder, a.x, a.x_at, first, first)
        pair = [vector.load(builder, at(builder, x, const(half)), vtype) for half in (0, lanes)]
        vector.store(builder, vector.chosen(builder, pair, range(0, 2 * lanes, 2)), at(builder, a.out, a.out_at, first))
    first = builder.mul(whole, const(lanes))
    rest, x = builder.sub(a.count, first), at(builder, a.x, a.x_at, first, first)
    left = builder.sub(builder.add(rest, rest), const(1))
    pair = [
        vector.load_first(builder, at(builder, x, const(half)), vtype, builder.sub(left, const(half)))
        for half in (0, lanes)
    ]
    value = vector.chosen(builder, pair, range(0, 2 * lanes, 2))
    vector.store_first(builder, value, at(builder, a.out, a.out_at, first), rest)


def _zip_twin(out, out_at, x, first_at, second_at, count):
    for i in range(count):
        out[out_at + i] = x[(second_at if i % 2 else first_at) + i // 2]


@tile(_zip_twin)
def zip_tile(builder, a, vtype):
    """out[i] = x[first_at + i / 2] where i is even, and x[second_at + (i - 1) / 2] where it is odd, for i < count."""
    lanes = vtype.count

    def halves(index):
        """Two vectors of out."""
        pair = [vector.load(builder, at(builder, a.x, start, index), vtype) for start in (a.first_at, a.second_at)]
        turns = [lane // 2 + lane % 2 * lanes for lane in range(2 * lanes)]
        return [vector.chosen(builder, pair, turns[half : half + lanes]) for half in (0, lanes)]

    whole = builder.sdiv(a.count, const(2 * lanes))
    with cgutils.for_range(builder, whole, intp=INT64) as step:
        index = builder.mul(step.index, const(lanes))
        for half, value in zip((0, lanes), halves(index), strict=True):
            vector.store(builder, value, at(builder, a.out, a.out_at, index, index, const(half)))
    index = builder.mul(whole, const(lanes))
    rest = builder.sub(a.count, builder.add(index, index))
    with builder.if_then(builder.icmp_signed(">", rest, const(0))):
        for half, value in zip((0, lanes), halves(index), strict=True):
            target = at(builder, a.out, a.out_at, index, index, const(half))
            vector.store_first(builder, value, target, builder.sub(rest, const(half)))
