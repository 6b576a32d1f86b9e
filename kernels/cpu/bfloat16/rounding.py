"""Kernels that round float32 values between steps to bfloat16, into the layouts of `products/pairs.py`.

x and grad are the bits of channels-last pictures: those of float32 numbers as uint32, those of bfloat16's as uint16.
`frame` says where they lie.
"""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.products.layout import turn
from fastcnn.kernels.cpu.products.pairs import WIDTH, as_bits, bits_of
from fastcnn.kernels.cpu.steps.elementwise import line, row
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_COPIES, chooser
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array


@kernel
def round_numbers(out, x):
    """out = x rounded, both as the bits of float32 numbers."""
    for e in prange(len(x)):
        out[e] = np.uint32(bits_of(x[e])) << np.uint32(16)


@kernel
def round_in_place(x):
    """x = x rounded, as the bits of float32 numbers. `round_numbers` with x twice would not be vectorised."""
    for e in prange(len(x)):
        x[e] = np.uint32(bits_of(x[e])) << np.uint32(16)


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


@inner
def widened_line(bits, frame, n, h):
    """The float32 numbers of row h of a picture in bfloat16's bits."""
    source = line(bits, frame, n, h)
    numbers = np.empty(len(source), np.uint32)
    for e in range(len(source)):
        numbers[e] = np.uint32(source[e]) << np.uint32(16)
    return numbers.view(np.float32)


def _planes(float_line, key):
    """The kernel for pictures x whose rows `float_line` gets as float32 numbers."""

    @kernel(key=key)
    def planes(out, x, frame, x_rows, top, left, images):
        """x into out (N, C, stride, stride, rows, columns), for the gradient of the weight; padding stays zero.

        x_rows : where each pixel of a row begins. A row is transposed first, so that all loops are over neighbours
        """
        channels, width, down, right = frame.channels, frame.width, out.shape[2], out.shape[3]
        for n in prange(images):
            scratch = np.empty(channels * width, np.float32)
            for h in range(frame.height):
                turn(scratch, 0, width, float_line(x, frame, n, h), 0, x_rows, width, channels)
                numbers, i = scratch.view(np.uint32), h + top
                for c in range(channels):
                    source = numbers[c * width : (c + 1) * width]
                    if right == 1:
                        target = out[n, c, i % down, 0, i // down, left : left + width]
                        for w in range(width):
                            target[w] = bits_of(source[w])
                    else:
                        into = out[n, c, i % down, :, i // down]
                        for w in range(width):
                            into[(w + left) % right, (w + left) // right] = bits_of(source[w])

    return planes


round_planes = _planes(line, "float32")
copy_planes = _planes(widened_line, "bfloat16")


@kernel
def pixel_pairs(out, grad, frame, columns, images):
    """grad, uint16, into out (N, blocks, pairs, filters of a block * 2), in rows of so many columns."""
    channels = frame.channels
    for n in prange(images):
        for p in range(frame.height):
            source, q = line(grad, frame, n, p), 0
            while q < frame.width:
                place = p * columns + q
                both = place % 2 == 0 and q + 1 < frame.width
                for block in range(out.shape[1]):
                    count = min(WIDTH, channels - block * WIDTH)
                    start = q * channels + block * WIDTH
                    target, first = out[n, block, place // 2], source[start : start + count]
                    if both:
                        second = source[start + channels : start + channels + count]
                        for k in range(count):
                            target[2 * k] = first[k]
                            target[2 * k + 1] = second[k]
                    else:
                        for k in range(count):
                            target[2 * k + place % 2] = first[k]
                q += 2 if both else 1


@kernel
def round_relu_gradient(out, out_frame, grad, grad_frame, passed, passed_frame, images):
    """out = grad, rounded, where the bits passed are those of a number > 0 or of a NaN, else 0.

    A number that rounds to 0, below 1e-40, counts as 0.
    """
    channels = grad_frame.channels
    for n in prange(images):
        for h in range(grad_frame.height):
            source, mask = line(grad, grad_frame, n, h), line(passed, passed_frame, n, h)
            at = row(out_frame, n, h)[0]
            for w in range(grad_frame.width):
                target = out[at + w * out_frame.channels : at + w * out_frame.channels + channels]
                own, cut = source[w * channels : (w + 1) * channels], mask[w * channels : (w + 1) * channels]
                for c in range(channels):
                    number = bits_of(cut[c])
                    dead = number == 0 or (number >= 0x8000 and number <= 0xFF80)  # from -0 to -infinity
                    target[c] = np.uint16(0) if dead else bits_of(own[c])


@kernel
def round_unpooled(out, out_frame, grad, grad_frame, codes, codes_width, images):
    """`elementwise.unpool_gradient`, rounded."""
    channels = grad_frame.channels
    for n in prange(images):
        for p in range(grad_frame.height):
            grads = line(grad, grad_frame, n, p)
            for q in range(grad_frame.width):
                c = ((n * grad_frame.height + p) * grad_frame.width + q) * codes_width
                source, code = grads[q * channels : (q + 1) * channels], codes[c : c + channels]
                for pixel in range(4):
                    at = row(out_frame, n, 2 * p + pixel // 2)[0] + (2 * q + pixel % 2) * out_frame.channels
                    target = out[at : at + channels]
                    for k in range(channels):
                        target[k] = bits_of(source[k]) if code[k] == pixel else np.uint16(0)


def rounded(out: Array, x: Array, count: int) -> Call:
    """out = the first `count` numbers of x, rounded; both float32."""
    return chooser(round_numbers, count >= PARALLEL_COPIES), (as_bits(out[:count]), as_bits(x[:count]))


def in_place(x: Array, count: int) -> Call:
    """Round the first `count` numbers of float32 x."""
    return chooser(round_in_place, count >= PARALLEL_COPIES), (as_bits(x[:count]),)
