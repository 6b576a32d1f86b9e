"""A tiled matrix product in shared memory, and the functions that the convolutions use too.

A block computes a tile of ROWS x COLUMNS sums. It goes along the depth in steps. In each step, all threads load a tile
of each operand, wait at a barrier, multiply, and wait again. Sums are in registers and have the arrays' dtype. Only the
shapes decide their order.

Index arithmetic is converted back to int32 where Numba would widen it: 64-bit indices need twice the registers or more.
"""

from fastcnn.kernels.cuda.toolchain.compiler import cuda, device, int32, kernel, uint32
from fastcnn.kernels.cuda.toolchain.sizes import (
    A_SHAPE,
    B_SHAPE,
    COLUMNS,
    DEPTH,
    ROWS,
    SIDE,
    SUMS,
    THREAD_COLUMNS,
    THREAD_ROWS,
)

UNROLLED = 4  # terms in an unrolled loop; a larger number does not save instructions


@device
def multiply(sums, a, b):
    """Add the products of one tile. This thread has rows 4y to 4y + 3 and columns x, x + SIDE of the tile.

    Indices are unsigned and the loop is unrolled, so that a read of shared memory is one instruction. With signed
    indices in a plain loop, three of four instructions were index arithmetic.
    """
    x, y = uint32(cuda.threadIdx.x), uint32(cuda.threadIdx.y * THREAD_ROWS)
    t = uint32(0)
    while t < DEPTH:
        for step in range(UNROLLED):
            at = uint32(t + uint32(step))
            for j in range(THREAD_COLUMNS):
                right = b[at, uint32(x + uint32(j * SIDE))]
                for i in range(THREAD_ROWS):
                    sums[i * THREAD_COLUMNS + j] += a[at, uint32(y + uint32(i))] * right
        t = uint32(t + uint32(UNROLLED))


@device
def load(tile, lines, source, first, count, line_step, term, stop, term_step):
    """Load a tile of a matrix, from line `first` and term `term` on, with zeros outside the matrix.

    Adjacent threads read elements that are adjacent in memory, either along the depth or across it.
    """
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    for i in range(lines):
        if term_step == 1:
            at, t = int32(y + i * SIDE), int32(x)
        else:
            at, t = int32(x + i * SIDE), int32(y)
        value = source.dtype.type(0)
        if first + at < count and term + t < stop:
            value = source[int32((first + at) * line_step + (term + t) * term_step)]
        tile[t, at] = value


@kernel("F F F i8")
def product(partials, left, right, shape):
    """partials (shares, rows, columns): sums of left[row * a_row + t * a_term] * right[column * b_column + t * b_term].

    The terms t of a share are the next `length` terms of `depth`.
    """
    rows, columns, depth, length, a_row, a_term, b_column, b_term = shape
    a = cuda.shared.array(A_SHAPE, left.dtype)
    b = cuda.shared.array(B_SHAPE, left.dtype)
    sums = cuda.local.array(SUMS, left.dtype)
    for i in range(SUMS):
        sums[i] = 0
    row, column = int32(cuda.blockIdx.x * ROWS), int32(cuda.blockIdx.y * COLUMNS)
    term = int32(cuda.blockIdx.z * length)
    stop = int32(term + length if term + length < depth else depth)
    while term < stop:
        load(a, THREAD_ROWS, left, row, rows, a_row, term, stop, a_term)
        load(b, THREAD_COLUMNS, right, column, columns, b_column, term, stop, b_term)
        cuda.syncthreads()
        multiply(sums, a, b)
        cuda.syncthreads()
        term = int32(term + DEPTH)
    store(partials, sums, row, rows, column, columns, int32(cuda.blockIdx.z * rows * columns))


@device
def store(partials, sums, row, rows, column, columns, start):
    """Write the sums of a thread into the matrix (rows, columns) that begins at `start`."""
    for i in range(THREAD_ROWS):
        m = int32(row + cuda.threadIdx.y * THREAD_ROWS + i)
        for j in range(THREAD_COLUMNS):
            k = int32(column + cuda.threadIdx.x + j * SIDE)
            if m < rows and k < columns:
                partials[int32(start + m * columns + k)] = sums[i * THREAD_COLUMNS + j]
