"""Convolution and its gradients as tiled products that gather their operands: there is no im2col matrix in memory.

Pictures are N C H W, or channels-last if `last` says so; weights are (K, C, R, S). In `shape`, C and K are the channels
of one group. The order of the terms in a sum makes adjacent threads read adjacent pixels or channels.

shape : N, C, H, W, K, R, S, P, Q, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, last
"""

import math

from fastcnn.kernels.cuda.products.tiles import multiply, store
from fastcnn.kernels.cuda.toolchain.compiler import cuda, device, int32, kernel, uint32
from fastcnn.kernels.cuda.toolchain.index import divide
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

# A position from which no tap reaches a picture. It is used for rows of a tile after the last output.
NOWHERE = int32(-(2**30))


@device
def place(n, c, h, w, C, H, W, last):
    """The index of an element of a picture."""
    if last != 0:
        return int32(((n * H + h) * W + w) * C + c)
    return int32(((n * C + c) * H + h) * W + w)


@device
def output_starts(starts, first, C, plane, last):
    """The indices, in channel 0, of four elements from `first` on: the picture's number times `plane`, plus the pixel.

    They are computed here, not where sums are stored. Compilers unroll the loops there only if these have no division,
    and only then the sums stay in registers. For the same reason the index there is unsigned: a signed one needs a test
    of its sign. Returns the step from channel to channel.
    """
    for i in range(THREAD_ROWS):
        m = int32(first + i)
        n, _ = divide(m, plane)
        starts[i] = int32(m * C) if last != 0 else int32(m + n * (C - 1) * plane)
    return int32(1) if last != 0 else int32(plane)


@device
def split(term, channels, taps, last):
    """Channel and tap of a term. With channels last, the channel changes fastest."""
    quotient, rest = divide(term, channels if last != 0 else taps)
    if last != 0:
        return rest, quotient
    return quotient, rest


@device
def window(m, P, Q, pooled):
    """Picture, row and column of output m. If pooled, four consecutive outputs are a 2x2 window, without odd edges."""
    if pooled:
        half_p, half_q = int32(P // 2), int32(Q // 2)
        v, pixel = divide(m, 4)
        n, rest = divide(v, half_p * half_q)
        p, q = divide(rest, half_q)
        return n, int32(2 * p + pixel // 2), int32(2 * q + pixel % 2)
    n, rest = divide(m, P * Q)
    p, q = divide(rest, Q)
    return n, p, q


@device
def convolve(sums, a, b, x, weight, shape, rows, pooled):
    """This thread's sums in a tile: its rows are outputs (n, p, q), its columns filters."""
    N, C, H, W, K, R, S, P, Q, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, last = shape
    i_x, i_y = cuda.threadIdx.x, cuda.threadIdx.y
    group = int32(cuda.blockIdx.z)
    column = int32(cuda.blockIdx.y * COLUMNS)
    images = cuda.local.array(THREAD_ROWS, int32)
    tops = cuda.local.array(THREAD_ROWS, int32)
    lefts = cuda.local.array(THREAD_ROWS, int32)
    for i in range(THREAD_ROWS):
        m = int32(cuda.blockIdx.x * ROWS + i_y + i * SIDE)
        n, p, q = window(m, P, Q, pooled)
        images[i] = n
        tops[i] = int32(p * stride_h - top) if m < rows else NOWHERE
        lefts[i] = int32(q * stride_w - left)
    for i in range(SUMS):
        sums[i] = 0
    terms = int32(C * R * S)
    first = int32(0)
    while first < terms:
        term = int32(first + i_x)
        c, tap = split(term, C, int32(R * S), last)
        r, s = divide(tap, S)
        down, right = int32(r * dilation_h), int32(s * dilation_w)
        for i in range(THREAD_ROWS):
            h, w = int32(tops[i] + down), int32(lefts[i] + right)
            value = x.dtype.type(0)
            if term < terms and 0 <= h and h < H and 0 <= w and w < W:
                value = x[place(images[i], int32(group * C + c), h, w, int32(C * groups), H, W, last)]
            a[i_x, i_y + i * SIDE] = value
        for j in range(THREAD_COLUMNS):
            k = int32(column + i_y + j * SIDE)
            value = weight.dtype.type(0)
            if term < terms and k < K:
                value = weight[int32(((group * K + k) * C + c) * R * S + tap)]
            b[i_x, i_y + j * SIDE] = value
        cuda.syncthreads()
        multiply(sums, a, b)
        cuda.syncthreads()
        first = int32(first + DEPTH)


@device
def store_column(out, sums, j, starts, left, k, K, channel_step, bias, has_bias, floor):
    """Add the bias to column j of this thread's sums, apply the ReLU, write to out; `left` rows are inside."""
    if k < K:
        channel = int32(cuda.blockIdx.z * K + k)
        offset = out.dtype.type(0)
        if has_bias != 0:
            offset = bias[channel]
        at = int32(channel * channel_step)
        for i in range(THREAD_ROWS):
            if i < left:
                value = sums[i * THREAD_COLUMNS + j] + offset
                # NaN is not below the floor, so it stays.
                if value < floor:
                    value = floor
                out[uint32(starts[i] + at)] = value


@kernel("F F F F i i i17")
def conv2d(out, x, weight, bias, has_bias, relu, shape):
    """out = x * weight + bias, with the ReLU after it."""
    N, C, H, W, K, R, S, P, Q, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, last = shape
    a = cuda.shared.array(A_SHAPE, x.dtype)
    b = cuda.shared.array(B_SHAPE, x.dtype)
    sums = cuda.local.array(SUMS, x.dtype)
    rows = int32(N * P * Q)
    convolve(sums, a, b, x, weight, shape, rows, False)
    first = int32(cuda.blockIdx.x * ROWS + cuda.threadIdx.y * THREAD_ROWS)
    starts = cuda.local.array(THREAD_ROWS, int32)
    channel_step = output_starts(starts, first, int32(K * groups), int32(P * Q), last)
    floor = x.dtype.type(0 if relu != 0 else -math.inf)
    k, inside = int32(cuda.blockIdx.y * COLUMNS + cuda.threadIdx.x), int32(rows - first)
    # There is no loop over the two columns: some compilers do not unroll it, and the sums would be in memory then.
    store_column(out, sums, 0, starts, inside, k, K, channel_step, bias, has_bias, floor)
    store_column(out, sums, 1, starts, inside, int32(k + SIDE), K, channel_step, bias, has_bias, floor)


@device
def store_pooled(out, codes, sums, j, v, k, K, bias, has_bias):
    """Column j of this thread's sums is window v of channel k: add bias, apply ReLU, store maximum and place."""
    if k < K:
        offset = out.dtype.type(0)
        if has_bias != 0:
            offset = bias[k]
        best = sums[j] + offset
        code = int32(0)
        for i in range(1, THREAD_ROWS):
            value = sums[i * THREAD_COLUMNS + j] + offset
            # not (value <= best) is also true for NaN; the first NaN then stays.
            if not (value <= best) and best == best:
                best = value
                code = int32(i)
        if best <= 0:
            best = out.dtype.type(0)
            code = int32(4)
        out[int32(v * K + k)] = best
        codes[int32(v * K + k)] = code


@kernel("F B F F F i i17")
def conv2d_pooled(out, codes, x, weight, bias, has_bias, shape):
    """Convolution, bias, ReLU and 2x2 max-pool in one; codes: the largest pixel of each window, or 4 if ReLU gave 0.

    The four rows of a thread are one window, so the pooling needs no other thread. Channels last, one group.
    """
    N, C, H, W, K, R, S, P, Q, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, last = shape
    a = cuda.shared.array(A_SHAPE, x.dtype)
    b = cuda.shared.array(B_SHAPE, x.dtype)
    sums = cuda.local.array(SUMS, x.dtype)
    rows = int32(4 * N * (P // 2) * (Q // 2))
    convolve(sums, a, b, x, weight, shape, rows, True)
    v = int32(cuda.blockIdx.x * SIDE + cuda.threadIdx.y)
    k = int32(cuda.blockIdx.y * COLUMNS + cuda.threadIdx.x)
    if THREAD_ROWS * v < rows:
        store_pooled(out, codes, sums, 0, v, k, K, bias, has_bias)
        store_pooled(out, codes, sums, 1, v, int32(k + SIDE), K, bias, has_bias)


@kernel("F F F i17")
def conv2d_grad_input(grad_in, grad, weight, shape):
    """Each input pixel gathers from all outputs that saw it: the rows are (n, h, w), the sums are over (k, r, s)."""
    N, C, H, W, K, R, S, P, Q, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, last = shape
    a = cuda.shared.array(A_SHAPE, grad.dtype)
    b = cuda.shared.array(B_SHAPE, grad.dtype)
    sums = cuda.local.array(SUMS, grad.dtype)
    i_x, i_y = cuda.threadIdx.x, cuda.threadIdx.y
    group = int32(cuda.blockIdx.z)
    column = int32(cuda.blockIdx.y * COLUMNS)
    rows = int32(N * H * W)
    images = cuda.local.array(THREAD_ROWS, int32)
    downs = cuda.local.array(THREAD_ROWS, int32)
    rights = cuda.local.array(THREAD_ROWS, int32)
    for i in range(THREAD_ROWS):
        m = int32(cuda.blockIdx.x * ROWS + i_y + i * SIDE)
        n, h, w = window(m, H, W, False)
        images[i] = n
        downs[i] = int32(h + top) if m < rows else NOWHERE
        rights[i] = int32(w + left)
    for i in range(SUMS):
        sums[i] = 0
    terms = int32(K * R * S)
    first = int32(0)
    while first < terms:
        term = int32(first + i_x)
        k, tap = split(term, K, int32(R * S), last)
        r, s = divide(tap, S)
        up, back = int32(r * dilation_h), int32(s * dilation_w)
        for i in range(THREAD_ROWS):
            h, w = int32(downs[i] - up), int32(rights[i] - back)
            value = grad.dtype.type(0)
            if term < terms and h >= 0 and w >= 0:
                p, h_over = divide(h, stride_h)
                q, w_over = divide(w, stride_w)
                if h_over == 0 and w_over == 0 and p < P and q < Q:
                    value = grad[place(images[i], int32(group * K + k), p, q, int32(K * groups), P, Q, last)]
            a[i_x, i_y + i * SIDE] = value
        for j in range(THREAD_COLUMNS):
            c = int32(column + i_y + j * SIDE)
            value = weight.dtype.type(0)
            if term < terms and c < C:
                value = weight[int32(((group * K + k) * C + c) * R * S + tap)]
            b[i_x, i_y + j * SIDE] = value
        cuda.syncthreads()
        multiply(sums, a, b)
        cuda.syncthreads()
        first = int32(first + DEPTH)
    first = int32(cuda.blockIdx.x * ROWS + i_y * THREAD_ROWS)
    starts = cuda.local.array(THREAD_ROWS, int32)
    channel_step = output_starts(starts, first, int32(C * groups), int32(H * W), last)
    for i in range(THREAD_ROWS):
        for j in range(THREAD_COLUMNS):
            c = int32(column + i_x + j * SIDE)
            if first + i < rows and c < C:
                grad_in[uint32(starts[i] + (group * C + c) * channel_step)] = sums[i * THREAD_COLUMNS + j]


@kernel("F F F i i i17")
def conv2d_grad_weight(partials, grad, x, length, shares, shape):
    """partials (shares, K, C*R*S): rows k, columns (c, r, s); each is the sum over a share of the outputs (n, p, q)."""
    N, C, H, W, K, R, S, P, Q, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, last = shape
    a = cuda.shared.array(A_SHAPE, grad.dtype)
    b = cuda.shared.array(B_SHAPE, grad.dtype)
    sums = cuda.local.array(SUMS, grad.dtype)
    i_x, i_y = cuda.threadIdx.x, cuda.threadIdx.y
    group, share = divide(cuda.blockIdx.z, shares)
    row, column = int32(cuda.blockIdx.x * ROWS), int32(cuda.blockIdx.y * COLUMNS)
    columns = int32(C * R * S)
    channels = cuda.local.array(THREAD_COLUMNS, int32)
    downs = cuda.local.array(THREAD_COLUMNS, int32)
    rights = cuda.local.array(THREAD_COLUMNS, int32)
    for j in range(THREAD_COLUMNS):
        t = int32(column + i_y + j * SIDE)
        c, tap = divide(t, R * S)
        r, s = divide(tap, S)
        channels[j] = int32(group * C + c)
        downs[j] = int32(r * dilation_h - top) if t < columns else NOWHERE
        rights[j] = int32(s * dilation_w - left)
    for i in range(SUMS):
        sums[i] = 0
    outputs = int32(N * P * Q)
    first = int32(share * length)
    stop = int32(first + length if first + length < outputs else outputs)
    while first < stop:
        m = int32(first + i_x)
        n, p, q = window(m, P, Q, False)
        for i in range(THREAD_ROWS):
            value = grad.dtype.type(0)
            if last != 0:  # adjacent filters are adjacent in memory
                k, across = int32(row + i_x + i * SIDE), int32(first + i_y)
                if k < K and across < stop:
                    value = grad[int32(across * K * groups + group * K + k)]
                a[i_y, i_x + i * SIDE] = value
            else:
                k = int32(row + i_y + i * SIDE)
                if k < K and m < stop:
                    value = grad[int32((n * K * groups + group * K + k) * P * Q + p * Q + q)]
                a[i_x, i_y + i * SIDE] = value
        for j in range(THREAD_COLUMNS):
            h, w = int32(p * stride_h + downs[j]), int32(q * stride_w + rights[j])
            value = x.dtype.type(0)
            if m < stop and 0 <= h and h < H and 0 <= w and w < W:
                value = x[place(n, channels[j], h, w, int32(C * groups), H, W, last)]
            b[i_x, i_y + j * SIDE] = value
        cuda.syncthreads()
        multiply(sums, a, b)
        cuda.syncthreads()
        first = int32(first + DEPTH)
    store(partials, sums, row, K, column, columns, int32((share * groups + group) * K * columns))
