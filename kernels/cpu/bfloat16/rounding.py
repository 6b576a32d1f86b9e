"""Kernels that round float32 values between steps to bfloat16, into the layouts of `products/pairs.py`.

x and grad are the bits of channels-last float32 pictures, as uint32. `frame` says where they lie.
"""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.products.pairs import WIDTH, bits_of
from fastcnn.kernels.cpu.steps.elementwise import line, row
from fastcnn.kernels.cpu.tiles.pools import DEAD
from fastcnn.kernels.cpu.toolchain.jit import kernel


@kernel
def round_numbers(out, x):
    """out = x rounded, both as the bits of float32 numbers; they may be one array."""
    for e in prange(len(x)):
        out[e] = np.uint32(bits_of(x[e])) << np.uint32(16)


@kernel
def round_pictures(out, out_frame, x, frame, images):
    """out = x rounded, in bfloat16's bits. A last channel that x lacks stays zero."""
    channels, apart = frame.channels, out_frame.channels
    for n in prange(images):
        for h in range(frame.height):
            source = line(x, frame, n, h)
            if apart == channels:
                target = line(out, out_frame, n, h)
                for e in range(len(source)):
                    target[e] = bits_of(source[e])
            else:
                at = row(out_frame, n, h)[0]
                for w in range(frame.width):
                    for c in range(channels):
                        out[at + w * apart + c] = bits_of(source[w * channels + c])


@kernel
def round_planes(out, x, frame, top, left, images):
    """x into out (N, C, stride, stride, rows, columns), for the gradient of the weight; the padding stays zero."""
    channels, down, right = frame.channels, out.shape[2], out.shape[3]
    for n in prange(images):
        for h in range(frame.height):
            source = line(x, frame, n, h)
            i = h + top
            for c in range(channels):
                for j in range(right):
                    first = (j - left) % right  # the first pixel whose column is j, in a stride
                    count = (frame.width - first + right - 1) // right
                    start = (first + left) // right
                    target = out[n, c, i % down, j, i // down, start : start + count]
                    for k in range(count):
                        target[k] = bits_of(source[(first + k * right) * channels + c])


@kernel
def round_pixel_pairs(out, grad, frame, columns, images):
    """grad into out (N, blocks, pairs, filters of a block, 2), in rows of so many columns."""
    channels = frame.channels
    for n in prange(images):
        for p in range(frame.height):
            source = line(grad, frame, n, p)
            for q in range(frame.width):
                place = p * columns + q
                for block in range(out.shape[1]):
                    target = out[n, block, place // 2, :, place % 2]
                    first = q * channels + block * WIDTH
                    for k in range(min(WIDTH, channels - block * WIDTH)):
                        target[k] = bits_of(source[first + k])


@kernel
def relu_and_pool(out, out_frame, codes, codes_width, x, frame, images):
    """ReLU and 2x2 max-pool of float32 x; codes as those of `pooled_products`."""
    channels = frame.channels
    for n in prange(images):
        for p in range(out_frame.height):
            upper, lower = line(x, frame, n, 2 * p), line(x, frame, n, 2 * p + 1)
            at = row(out_frame, n, p)[0]
            for q in range(out_frame.width):
                target = out[at + q * channels : at + (q + 1) * channels]
                first = ((n * out_frame.height + p) * out_frame.width + q) * codes_width
                code = codes[first : first + channels]
                left = 2 * q * channels
                right = left + channels
                for k in range(channels):
                    best, winner = upper[left + k], np.uint8(0)
                    # not (value <= best) is also true for NaN; the first NaN then stays.
                    value = upper[right + k]
                    better = not (value <= best) and best == best
                    best, winner = (value, np.uint8(1)) if better else (best, winner)
                    value = lower[left + k]
                    better = not (value <= best) and best == best
                    best, winner = (value, np.uint8(2)) if better else (best, winner)
                    value = lower[right + k]
                    better = not (value <= best) and best == best
                    best, winner = (value, np.uint8(3)) if better else (best, winner)
                    dead = best <= 0
                    target[k] = out.dtype.type(0) if dead else best
                    code[k] = np.uint8(DEAD) if dead else winner
