"""transpose_tile: up to one vector of rows by one vector of columns, transposed in registers.

A copy from (C, H, W) to channels-last is a transposition, and so is one from pictures to the rows of im2col. Element
by element it takes longer than a small convolution. A tile of 16 x 16 takes 16 loads, 64 shuffles and 16 stores.
"""

import llvmlite.ir as ir

from fastcnn.kernels.cpu.tiles.parts import tile
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT32, at, const

# Vectors after a tile's own in each row that is read and in each that is written, fetched early: tiles go along the one
# or the other, and the CPU does not foresee so many short rows.
AHEAD = 2


def _twin(out, out_at, out_stride, x, x_at, x_rows, first, rows, columns):
    for i in range(rows):
        for j in range(columns):
            out[out_at + j * out_stride + i] = x[x_at + x_rows[first + i] + j]


@tile(_twin)
def transpose_tile(builder, a, vtype):
    """out[j * out_stride + i] = x[x_rows[first + i] + j] for i < rows and j < columns, at most a vector of each."""
    lanes = vtype.count
    full = builder.and_(
        builder.icmp_signed("==", a.rows, const(lanes)), builder.icmp_signed("==", a.columns, const(lanes))
    )
    with builder.if_else(full) as (whole, ragged):
        with whole:
            starts = [_row(builder, a, const(i)) for i in range(lanes)]
            for start in starts:
                vector.prefetch(builder, at(builder, start, const(AHEAD * lanes)))
            for j, value in enumerate(_turned(builder, [vector.load(builder, start, vtype) for start in starts])):
                target = at(builder, a.out, a.out_at, builder.mul(a.out_stride, const(j)))
                vector.prefetch(builder, at(builder, target, const(AHEAD * lanes)), write=True)
                vector.store(builder, value, target)
        with ragged:
            last = builder.sub(a.rows, const(1))
            loaded = []
            for i in range(lanes):  # a row that does not exist is a copy of the last one, and is not written
                index = builder.select(builder.icmp_signed("<", const(i), last), const(i), last)
                loaded.append(vector.load_first(builder, _row(builder, a, index), vtype, a.columns))
            for j, value in enumerate(_turned(builder, loaded)):
                with builder.if_then(builder.icmp_signed("<", const(j), a.columns)):
                    target = at(builder, a.out, a.out_at, builder.mul(a.out_stride, const(j)))
                    vector.store_first(builder, value, target, a.rows)


def _row(builder, a, index):
    return at(builder, a.x, a.x_at, builder.load(at(builder, a.x_rows, builder.add(a.first, index))))


def _turned(builder, rows):
    """The columns of a square of vectors: pairs of rows exchange halves, then quarters, and so on."""
    lanes = len(rows)
    distance = lanes // 2
    while distance >= 1:
        upper = [lane if not lane & distance else lanes + lane - distance for lane in range(lanes)]
        lower = [lane + distance if not lane & distance else lanes + lane for lane in range(lanes)]
        for i in range(lanes):
            if not i & distance:
                first, second = rows[i], rows[i + distance]
                rows[i] = builder.shuffle_vector(first, second, _lanes(upper))
                rows[i + distance] = builder.shuffle_vector(first, second, _lanes(lower))
        distance //= 2
    return rows


def _lanes(indices):
    return ir.Constant(ir.VectorType(INT32, len(indices)), indices)
