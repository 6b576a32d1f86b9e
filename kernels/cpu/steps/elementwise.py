"""Kernels on single elements or channels of channels-last pictures: the layers between convolutions.

Each function computes `out` from its other arrays. A `Frame` gives the layout of an array in memory. Sums over pictures
are computed in fixed blocks, `partials`, and then added in order: the bits do not depend on the number of threads.

Sums of each channel go over wide pixels: several neighbours of a row, so that a loop is long enough for vectors with 3
channels too. Arrays for each channel are as wide; channel c is also there at c + C, c + 2 * C, ... A row's last wide
pixel may be shorter. LLVM vectorises a loop only if it needs few tests whether arrays overlap.
"""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.tiles.moments import SUM_VECTORS, channel_sum_tile
from fastcnn.kernels.cpu.tiles.pools import DEAD
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.cpu.toolchain.sharing import taps
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES

WIDE = 256  # values of a wide pixel, at most, if a pixel has fewer


def wide_pixel(channels, width):
    """Values of a wide pixel, for rows of so many pixels."""
    return channels * max(1, min(width, WIDE // channels))


@inner
def narrow_pixel(channels, wide):
    """Values of the neighbours of a row that a tile sums up apart; at most a wide pixel. See `tiles.moments`."""
    return min(wide, channels * max(1, SUM_VECTORS * (VECTOR_BYTES // 4) // channels))


@inner
def group(rest, x):
    """How many vectors of x the next of these tiles sums up, where `rest` values are left, and how many values."""
    lanes = VECTOR_BYTES // max(4, x.itemsize)  # bfloat16's bits become float32 numbers
    vectors = SUM_VECTORS
    while vectors * lanes > rest:
        vectors //= 2
    return vectors, vectors * lanes if vectors > 0 else rest


@inner
def row(frame, image, h):
    """The start and the end of row h of a picture."""
    start = frame.at + image * frame.image + h * frame.row
    return start, start + frame.width * frame.channels


@inner
def line(array, frame, image, h):
    """Row h of a picture, as an array: LLVM vectorises only loops from zero over whole arrays."""
    start, end = row(frame, image, h)
    return array[start:end]


@inner
def fold_wide(sums, channels):
    """The first `channels` of sums = the sums of each channel over a wide pixel."""
    for start in range(channels, len(sums), channels):
        for c in range(channels):
            sums[c] += sums[start + c]


@kernel
def copy_rows(out, out_frame, x, x_frame, images):
    """out = x."""
    for n in prange(images):
        for h in range(x_frame.height):
            target, source = line(out, out_frame, n, h), line(x, x_frame, n, h)
            for e in range(len(source)):
                target[e] = source[e]


@kernel
def add(out, out_frame, x, x_frame, addend, addend_frame, relu_after, images):
    """out = x + addend, with the ReLU after it if relu_after."""
    for n in prange(images):
        for h in range(x_frame.height):
            target, source, added = line(out, out_frame, n, h), line(x, x_frame, n, h), line(addend, addend_frame, n, h)
            for e in range(len(source)):
                value = source[e] + added[e]
                target[e] = out.dtype.type(0) if relu_after and value < 0 else value


@kernel
def accumulate(out, x, images, size):
    """out += x, for pictures of `size` values without a border."""
    for n in prange(images):
        target, source = out[n * size : (n + 1) * size], x[n * size : (n + 1) * size]
        for e in range(size):
            target[e] += source[e]


@kernel
def copy_channels(out, out_frame, out_first, x, x_frame, x_first, channels, images):
    """Copy `channels` channels of x, from x_first on, to out, from out_first on."""
    for n in prange(images):
        for h in range(x_frame.height):
            o, _ = row(out_frame, n, h)
            i, _ = row(x_frame, n, h)
            for w in range(x_frame.width):
                to, source = o + w * out_frame.channels + out_first, i + w * x_frame.channels + x_first
                target, pixel = out[to : to + channels], x[source : source + channels]
                for c in range(channels):
                    target[c] = pixel[c]


@kernel
def relu(out, out_frame, x, x_frame, images):
    """out = max(x, 0); NaN stays NaN."""
    for n in prange(images):
        for h in range(x_frame.height):
            target, source = line(out, out_frame, n, h), line(x, x_frame, n, h)
            for e in range(len(source)):
                target[e] = out.dtype.type(0) if source[e] < 0 else source[e]


@kernel
def relu_gradient(grad_in, grad_in_frame, grad, grad_frame, out, out_frame, images):
    """grad_in = grad where out > 0 or NaN, else 0."""
    for n in prange(images):
        for h in range(grad_frame.height):
            target, source = line(grad_in, grad_in_frame, n, h), line(grad, grad_frame, n, h)
            passed = line(out, out_frame, n, h)
            for e in range(len(source)):
                target[e] = grad.dtype.type(0) if passed[e] <= 0 else source[e]


@kernel
def unpool_gradient(grad_in, grad_in_frame, grad, grad_frame, codes, codes_width, images):
    """The gradient before ReLU and 2x2 max-pool: grad at the largest pixel, 0 at the other three."""
    channels = grad_frame.channels
    for n in prange(images):
        for p in range(grad_frame.height):
            for q in range(grad_frame.width):
                g = row(grad_frame, n, p)[0] + q * channels
                c = ((n * grad_frame.height + p) * grad_frame.width + q) * codes_width
                source, code = grad[g : g + channels], codes[c : c + channels]
                for pixel in range(4):
                    d = row(grad_in_frame, n, 2 * p + pixel // 2)[0] + (2 * q + pixel % 2) * channels
                    target = grad_in[d : d + channels]
                    for k in range(channels):
                        target[k] = source[k] if code[k] == pixel else grad.dtype.type(0)


@kernel
def channel_sums(partials, x, frame, wide, images, per_block):
    """partials (blocks, wide) float64: the sum of each channel over the pictures of each block."""
    end, narrow = frame.width * frame.channels, narrow_pixel(frame.channels, wide)
    columns = end // narrow
    for block in prange((images + per_block - 1) // per_block):
        into = partials[block * wide : block * wide + narrow]
        into[:] = 0
        for n in range(block * per_block, min(images, (block + 1) * per_block)):
            i, _ = row(frame, n, 0)
            for first in range(0, end, columns * narrow):  # whole narrow pixels, then the rest of each row
                width, times = (narrow, columns) if first == 0 else (end - first, 1)
                c = 0
                while c < width:
                    vectors, count = group(width - c, x)
                    channel_sum_tile(x, i + first + c, frame.row, into, c, frame.height, times, narrow, vectors, count)
                    c += count
        fold_wide(into, frame.channels)


@inner
def fold(out, partials, blocks, pitch):
    """out = the sum of the blocks in order; they are `pitch` apart."""
    for c in range(len(out)):
        total = partials[c]
        for block in range(1, blocks):
            total += partials[block * pitch + c]
        out[c] = total


@kernel
def max_pool(out, out_frame, winners, x, x_frame, images, R, S, stride_h, stride_w, top, left, dilation_h, dilation_w):
    """out, and in winners (images, P, Q, C) int32 the number h * W + w of the largest pixel in the picture."""
    channels = x_frame.channels
    for n in prange(images):
        for p in range(out_frame.height):
            h0 = p * stride_h - top
            r_first, r_stop = taps(h0, x_frame.height, R, dilation_h)
            for q in range(out_frame.width):
                w0 = q * stride_w - left
                s_first, s_stop = taps(w0, x_frame.width, S, dilation_w)
                o = row(out_frame, n, p)[0] + q * channels
                best = out[o : o + channels]
                at = ((n * out_frame.height + p) * out_frame.width + q) * channels
                where = winners[at : at + channels]
                for r in range(r_first, r_stop):
                    h = h0 + r * dilation_h
                    for s in range(s_first, s_stop):
                        w = w0 + s * dilation_w
                        i = row(x_frame, n, h)[0] + w * channels
                        pixel = x[i : i + channels]
                        place = np.int32(h * x_frame.width + w)
                        first = r == r_first and s == s_first
                        for c in range(channels):
                            value = pixel[c]
                            # not (value <= best) is also true for NaN; the first NaN then stays.
                            better = first or (not (value <= best[c]) and best[c] == best[c])
                            best[c] = value if better else best[c]
                            where[c] = place if better else where[c]


@kernel
def max_pool_gradient(grad_in, grad_in_frame, grad, grad_frame, winners, images):
    """grad_in = grad at the winners, added where windows overlap, else 0; grad_in has no border."""
    channels = grad_frame.channels
    for n in prange(images):
        start = n * grad_in_frame.image
        grad_in[start : start + grad_in_frame.image] = 0
        for p in range(grad_frame.height):
            for q in range(grad_frame.width):
                g = row(grad_frame, n, p)[0] + q * channels
                at = ((n * grad_frame.height + p) * grad_frame.width + q) * channels
                for c in range(channels):
                    grad_in[start + winners[at + c] * channels + c] += grad[g + c]


@inner
def _hash(key, index):
    """Output `index` of SplitMix64 seeded with key: see `fastcnn.layers.dropout`."""
    z = key + np.uint64(index + 1) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel
def dropout(out, out_frame, x, x_frame, images, key, threshold, scale):
    """out = x * scale where the hash of the element is at least the threshold, else 0; key (1,) uint64, scale (1,)."""
    for n in prange(images):
        start, factor = key[0], scale[0]  # read here: LLVM does not know that the loop leaves them as they are
        for h in range(x_frame.height):
            target, source = line(out, out_frame, n, h), line(x, x_frame, n, h)
            first = (n * x_frame.height + h) * len(source)
            for e in range(len(source)):
                kept = _hash(start, first + e) >> np.uint64(40) >= threshold
                target[e] = source[e] * factor if kept else scale.dtype.type(0)


@kernel
def average_pool(out, x, frame, images):
    """out (images, channels): the mean of each channel of each picture."""
    channels = frame.channels
    for n in prange(images):
        into = out[n * channels : (n + 1) * channels]
        into[:] = 0
        for h in range(frame.height):
            i, _ = row(frame, n, h)
            for w in range(frame.width):
                pixel = x[i + w * channels : i + (w + 1) * channels]
                for c in range(channels):
                    into[c] += pixel[c]
        for c in range(channels):
            into[c] /= frame.height * frame.width


@kernel
def average_pool_gradient(grad_in, grad_in_frame, grad, images):
    """grad_in = the grad of each channel / its number of pixels."""
    channels = grad_in_frame.channels
    for n in prange(images):
        source = grad[n * channels : (n + 1) * channels]
        for h in range(grad_in_frame.height):
            d, _ = row(grad_in_frame, n, h)
            for w in range(grad_in_frame.width):
                pixel = grad_in[d + w * channels : d + (w + 1) * channels]
                for c in range(channels):
                    pixel[c] = source[c] / (grad_in_frame.height * grad_in_frame.width)


@inner
def affine_gradient(grad, out, grad_bias, images, relu_behind):
    """Set grad (images, K) to 0 in place where the ReLU's out is 0; grad_bias = the sum of grad over the pictures."""
    size = len(grad_bias)
    grad_bias[:] = 0
    for n in range(images):
        for k in range(size):
            g = grad[n * size + k]
            if relu_behind and out[n * size + k] <= 0:
                g = grad.dtype.type(0)
                grad[n * size + k] = g
            grad_bias[k] += g


assert DEAD == 4  # unpool_gradient tells the four pixels from it
