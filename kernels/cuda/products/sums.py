"""Sums in a fixed order: the sum of a product's shares, and the column sums of a matrix in bands."""

from fastcnn.kernels.cuda.toolchain.compiler import cuda, device, int32, kernel
from fastcnn.kernels.cuda.toolchain.sizes import BAND, BAND_SHAPE, LANES


@device
def add_in_order(total, terms, at, step, count):
    """total + terms[at] + terms[at + step] + ..., added one after the other; eight reads happen at the same time."""
    while count >= 8:
        first, second = terms[at], terms[int32(at + step)]
        third, fourth = terms[int32(at + 2 * step)], terms[int32(at + 3 * step)]
        at = int32(at + 4 * step)
        fifth, sixth = terms[at], terms[int32(at + step)]
        seventh, eighth = terms[int32(at + 2 * step)], terms[int32(at + 3 * step)]
        total = total + first + second + third + fourth + fifth + sixth + seventh + eighth
        at, count = int32(at + 4 * step), int32(count - 8)
    while count > 0:
        total += terms[at]
        at, count = int32(at + step), int32(count - 1)
    return total


@kernel("F F F i i i i i")
def fold(out, partials, bias, count, shares, columns, has_bias, relu):
    """out = the sum of the shares, plus the bias of its column, with the ReLU after it."""
    i = int32(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if i < count:
        total = add_in_order(partials[i], partials, int32(i + count), count, int32(shares - 1))
        if has_bias != 0:
            total += bias[int32(i % columns)]
        if relu != 0 and total < 0:
            total = out.dtype.type(0)
        out[i] = total


@device
def band(rows, length):
    """This thread's column, its first row, and the row where its block's band of `length` rows ends."""
    stop = int32((cuda.blockIdx.y + 1) * length)
    if stop > rows:
        stop = int32(rows)
    return int32(cuda.blockIdx.x * BAND + cuda.threadIdx.x), int32(cuda.blockIdx.y * length + cuda.threadIdx.y), stop


@device
def store_band(partials, lanes, total, line, column, columns):
    """partials[line, column] = the sum of the totals of a column's threads, in order; lanes: shared memory for them."""
    i_x, i_y = cuda.threadIdx.x, cuda.threadIdx.y
    lanes[i_y, i_x] = total
    cuda.syncthreads()
    if i_y == 0 and column < columns:
        for lane in range(1, LANES):
            total += lanes[lane, i_x]
        partials[int32(line * columns + column)] = total


@kernel("F F i i i")
def column_sums(partials, x, rows, columns, length):
    """partials (shares, columns): each is the sum over `length` rows of x (rows, columns)."""
    lanes = cuda.shared.array(BAND_SHAPE, x.dtype)
    column, row, stop = band(rows, length)
    total = x.dtype.type(0)
    while row < stop:
        if column < columns:
            total += x[int32(row * columns + column)]
        row = int32(row + LANES)
    store_band(partials, lanes, total, cuda.blockIdx.y, column, columns)
