"""The transforms of Winograd's convolution of 3x3, for tiles of 4x4 output pixels; the lanes are channels.

A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks", 2015: out = A^T [sum over channels of
(G w G^T) * (B^T x B)] A, where * is the product of elements. The matrices follow from the points at which the
polynomials are multiplied, by Cook and Toom (S. Winograd, "Arithmetic complexity of computations", 1980). The points
here are 0, +-sqrt(2), +-sqrt(1/2) and infinity: with 0, +-1, +-2, as in the paper, errors are four times as large.
"""

from math import sqrt

import numpy as np
from llvmlite.ir import Constant, DoubleType, VectorType
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.parts import tile, twin_lanes
from fastcnn.kernels.cpu.tiles.pools import DEAD, highest, largest, store_code
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT64, at, const

SIZE = 4  # pixels of a tile's side
SIDE = SIZE + 2  # of the pixels that it reads, and of its points
NOTED = 2  # the pool of a tile that writes codes too
POINTS = (0.0, sqrt(2), -sqrt(2), sqrt(0.5), -sqrt(0.5))  # and infinity


def matrices(points, size, taps):
    """A^T (size, n), G (n, taps) and B^T (n, n), float64, for these points and infinity."""
    n = size + taps - 1
    a, g, b = np.zeros((size, n)), np.zeros((n, taps)), np.zeros((n, n))
    for i, p in enumerate(points):
        others = [q for q in points if q != p]
        a[:, i] = [p**j for j in range(size)]
        g[i] = np.array([p**j for j in range(taps)]) / np.prod([p - q for q in others])
        b[i, :-1] = np.poly(others)[::-1]
    a[-1, -1], g[-1, -1], b[-1] = 1, 1, np.poly(points)[::-1]
    halves = np.round(2 * b) / 2  # np.poly leaves rounding errors at 0, 1/2, 1, 2 and 5/2
    return a, g, np.where(np.abs(b - halves) < 1e-9, halves, b)


A, G, B = matrices(POINTS, SIZE, 3)


def _input_twin(out, out_at, out_point, x, x_at, x_row, x_step, zeros, rows, columns, vectors):
    for c in range(vectors * twin_lanes(out)):
        pixels = np.zeros((SIDE, SIDE), out.dtype)
        for i in range(min(SIDE, rows)):
            for j in range(min(SIDE, columns)):
                pixels[i, j] = x[x_at + i * x_row + j * x_step + c]
        for point, value in enumerate((B @ pixels @ B.T).ravel()):
            out[out_at + point * out_point + c] = value


def _output_twin(
    out, out_at, out_row, out_step, codes, codes_at, codes_row, codes_step, x, x_at, x_point, bias, bias_at, floor,
    addend, addend_at, addend_row, adds, rows, columns, vectors, pool,
):  # fmt: skip
    for k in range(vectors * twin_lanes(out)):
        points = np.array([x[x_at + point * x_point + k] for point in range(SIDE**2)], out.dtype)
        values = (A @ points.reshape(SIDE, SIDE) @ A.T).astype(out.dtype) + bias[bias_at + k]
        if pool:
            values = values.reshape(SIZE // 2, 2, SIZE // 2, 2).transpose(0, 2, 1, 3).reshape(2, 2, 4)
            largest = values.max(2)
            winners = np.where(largest <= 0, DEAD, np.argmax(values, 2))  # the first NaN is a largest one
            values = largest
        for i in range(min(len(values), rows)):
            for j in range(min(len(values), columns)):
                value = values[i, j]
                if adds:
                    value += addend[addend_at + i * addend_row + j * out_step + k]
                out[out_at + i * out_row + j * out_step + k] = floor if value < floor else value
                if pool == NOTED:
                    codes[codes_at + i * codes_row + j * codes_step + k] = winners[i, j]


def _weight_twin(out, out_at, out_point, x, x_at, x_tap, vectors):
    for k in range(vectors * twin_lanes(out)):
        taps = np.array([x[x_at + tap * x_tap + k] for tap in range(9)], np.float64).reshape(3, 3)
        for point, value in enumerate((G @ taps @ G.T).ravel()):
            out[out_at + point * out_point + k] = value


def _combined(builder, weights, values):
    """The sum of the values times their weights; the smallest number of operations."""
    vtype = values[0].type
    terms = sorted(((w, v) for w, v in zip(weights, values, strict=True) if w), key=lambda term: term[0] != 1)
    total = None
    for weight, value in terms:
        factor = Constant(vtype, [float(weight)] * vtype.count)
        if total is None:
            total = value if weight == 1 else builder.fmul(factor, value)
        elif weight == 1:
            total = builder.fadd(total, value)
        else:
            total = vector.multiply_add(builder, factor, value, total)
    return total


def _to_points(builder, pixels):
    """B^T times one row or column of pixels. A point and its negative share their even and their odd terms."""
    out = [_combined(builder, B[0], pixels)]
    for i in range(1, SIDE - 1, 2):
        even = _combined(builder, B[i, ::2], pixels[::2])
        odd = _combined(builder, B[i, 1::2], pixels[1::2])
        out += [builder.fadd(even, odd), builder.fsub(even, odd)]
    return [*out, _combined(builder, B[-1], pixels)]


def from_points(builder, values, a):
    """a (A^T) times one row or column of points. A point and its negative are added or subtracted first."""
    plus = [builder.fadd(values[i], values[i + 1]) for i in range(1, len(values) - 1, 2)]
    minus = [builder.fsub(values[i], values[i + 1]) for i in range(1, len(values) - 1, 2)]
    out = []
    for j, row in enumerate(a):
        terms = [values[0], *(minus if j % 2 else plus), values[-1]]
        out.append(_combined(builder, [row[0], *row[1:-1:2], row[-1]], terms))
    return out


@tile(_input_twin)
def winograd_input_tile(builder, a, vtype):
    """out[point] = B^T x B of 6 x 6 pixels; those from `rows` and `columns` on count as zeros."""
    inside = [
        [
            builder.and_(builder.icmp_signed(">", a.rows, const(i)), builder.icmp_signed(">", a.columns, const(j)))
            for j in range(SIDE)
        ]
        for i in range(SIDE)
    ]
    offsets = [
        [builder.add(builder.mul(a.x_row, const(i)), builder.mul(a.x_step, const(j))) for j in range(SIDE)]
        for i in range(SIDE)
    ]
    with cgutils.for_range(builder, a.vectors, intp=INT64) as v:
        c = builder.mul(v.index, const(vtype.count))
        corner = at(builder, a.x, a.x_at, c)
        half = []
        for j in range(SIDE):
            column = []
            for i in range(SIDE):
                pixel = builder.select(inside[i][j], at(builder, corner, offsets[i][j]), a.zeros)
                column.append(vector.load(builder, pixel, vtype))
                if j >= 2:  # what the next tile to the right will read
                    vector.prefetch(builder, at(builder, corner, offsets[i][j], builder.mul(a.x_step, const(SIZE))))
            half.append(_to_points(builder, column))
        for i in range(SIDE):
            for j, value in enumerate(_to_points(builder, [column[i] for column in half])):
                target = at(builder, a.out, a.out_at, builder.mul(a.out_point, const(i * SIDE + j)), c)
                vector.store(builder, value, target)


@tile(_output_twin)
def winograd_output_tile(builder, a, vtype):
    """out = max(floor, A^T x A + bias), or with `pool` the largest of each 2x2 of these, below rows and columns.

    pool : NOTED where codes must say which pixel won, as those of pool_tile do; the floor is then 0
    adds : 1 where addend, with the step of out, is added before the floor (there is no pool then), else 0
    """
    floor = vector.splat(builder, vtype, a.floor)
    with cgutils.for_range(builder, a.vectors, intp=INT64) as v:
        k = builder.mul(v.index, const(vtype.count))
        bias = vector.load(builder, at(builder, a.bias, a.bias_at, k), vtype)
        half = []
        for j in range(SIDE):
            points = [at(builder, a.x, a.x_at, builder.mul(a.x_point, const(i * SIDE + j)), k) for i in range(SIDE)]
            half.append(from_points(builder, [vector.load(builder, p, vtype) for p in points], A))
        values = []
        for i in range(SIZE):
            row = from_points(builder, [column[i] for column in half], A)
            values.append([builder.fadd(value, bias) for value in row])
        corner = at(builder, a.out, a.out_at, k)
        for i in range(SIZE):
            for j in range(SIZE):
                offset = builder.add(builder.mul(a.out_row, const(i)), builder.mul(a.out_step, const(j + SIZE)))
                vector.prefetch(builder, at(builder, corner, offset), write=True)
        with builder.if_else(builder.icmp_signed("!=", a.pool, const(0))) as (pooled, plain):
            with pooled, builder.if_else(builder.icmp_signed("==", a.pool, const(NOTED))) as (noted, unnoted):
                with noted:
                    best = [[largest(builder, four) for four in row] for row in _windows(values)]
                    _store(builder, a, corner, [[value for value, _ in row] for row in best], floor)
                    _store_codes(builder, a, k, [[code for _, code in row] for row in best])
                with unnoted:
                    best = [[highest(builder, four, floor) for four in row] for row in _windows(values)]
                    _store(builder, a, corner, best, floor)
            with plain, builder.if_else(builder.icmp_signed("!=", a.adds, const(0))) as (summed, alone):
                with summed:
                    _store(builder, a, corner, values, floor, at(builder, a.addend, a.addend_at, k))
                with alone:
                    _store(builder, a, corner, values, floor)


@tile(_weight_twin)
def winograd_weight_tile(builder, a, vtype):
    """out[point] = G w G^T of nine taps, in float64 and rounded once."""
    wide = VectorType(DoubleType(), vtype.count)
    widens = vtype.element != DoubleType()
    with cgutils.for_range(builder, a.vectors, intp=INT64) as v:
        k = builder.mul(v.index, const(vtype.count))
        taps = [
            vector.load(builder, at(builder, a.x, a.x_at, builder.mul(a.x_tap, const(tap)), k), vtype)
            for tap in range(9)
        ]
        taps = [builder.fpext(tap, wide) for tap in taps] if widens else taps
        half = [[_combined(builder, row, taps[column::3]) for column in range(3)] for row in G]
        for i, row in enumerate(half):
            for j in range(SIDE):
                value = _combined(builder, G[j], row)
                value = builder.fptrunc(value, vtype) if widens else value
                target = at(builder, a.out, a.out_at, builder.mul(a.out_point, const(i * SIDE + j)), k)
                vector.store(builder, value, target)


def _windows(values):
    """The four pixels of each window, row by row."""
    half = range(0, len(values), 2)
    return [[[values[i + r][j + c] for r in (0, 1) for c in (0, 1)] for j in half] for i in half]


def _inside(builder, a, values):
    """Run the code between the values below rows and columns: gives (row, column, value)."""
    for i, row in enumerate(values):
        with builder.if_then(builder.icmp_signed(">", a.rows, const(i))):
            for j, value in enumerate(row):
                with builder.if_then(builder.icmp_signed(">", a.columns, const(j))):
                    yield i, j, value


def _place(builder, row, step, i, j):
    return builder.add(builder.mul(row, const(i)), builder.mul(step, const(j)))


def _store(builder, a, corner, values, floor, addend=None):
    """Write max(floor, value + addend)."""
    for i, j, value in _inside(builder, a, values):
        if addend is not None:
            place = _place(builder, a.addend_row, a.out_step, i, j)
            value = builder.fadd(value, vector.load(builder, at(builder, addend, place), value.type))
        target = at(builder, corner, _place(builder, a.out_row, a.out_step, i, j))
        vector.store(builder, vector.at_least(builder, value, floor), target)


def _store_codes(builder, a, k, codes):
    for i, j, code in _inside(builder, a, codes):
        target = at(builder, a.codes, a.codes_at, _place(builder, a.codes_row, a.codes_step, i, j), k)
        store_code(builder, code, target)
