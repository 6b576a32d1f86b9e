"""Kernels that write what a kernel of float32 writes, rounded to bfloat16's bits.

They have its arguments, and `exact_frame`: the frame of one picture without a border. The float32 numbers of one
picture stay in a cache.
"""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.bfloat16.rounding import round_pictures
from fastcnn.kernels.cpu.steps import elementwise, norm
from fastcnn.kernels.cpu.steps.elementwise import line, row
from fastcnn.kernels.cpu.tiles.pools import DEAD
from fastcnn.kernels.cpu.toolchain.jit import kernel

_gradient_of_norm, _normalise, _max_pool = norm.gradient.serial, norm.normalise.serial, elementwise.max_pool.serial
_round_picture = round_pictures.serial


@kernel
def normalise(out, out_frame, x, x_frame, statistics, addend, addend_frame, floor, images, exact_frame):
    """`norm.normalise` without an addend, rounded."""
    for n in prange(images):
        exact = np.empty(exact_frame.image, x.dtype)
        their_x = x[n * x_frame.image :]
        _normalise(exact, exact_frame, their_x, x_frame, statistics, addend, addend_frame, floor, 1)
        _round_picture(out[n * out_frame.image :], out_frame, exact.view(np.uint32), exact_frame, 1)


@kernel
def max_pool(
    out, out_frame, winners, x, x_frame, images, R, S, stride_h, stride_w, top, left, dilation_h, dilation_w,
    exact_frame,
):  # fmt: skip
    """`elementwise.max_pool`, rounded."""
    for n in prange(images):
        exact = np.empty(exact_frame.image, x.dtype)
        _max_pool(
            exact, exact_frame, winners[n * exact_frame.image :], x[n * x_frame.image :], x_frame, 1, R, S, stride_h,
            stride_w, top, left, dilation_h, dilation_w,
        )  # fmt: skip
        _round_picture(out[n * out_frame.image :], out_frame, exact.view(np.uint32), exact_frame, 1)


@kernel
def norm_gradient(out, out_frame, grad, grad_frame, x, x_frame, statistics, means, cut, images, exact_frame):
    """`norm.gradient`, rounded."""
    for n in prange(images):
        exact = np.empty(exact_frame.image, grad.dtype)
        their_grad, their_x = grad[n * grad_frame.image :], x[n * x_frame.image :]
        _gradient_of_norm(exact, exact_frame, their_grad, grad_frame, their_x, x_frame, statistics, means, cut, 1)
        _round_picture(out[n * out_frame.image :], out_frame, exact.view(np.uint32), exact_frame, 1)


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


_relu_and_pool = relu_and_pool.serial


@kernel
def rounded_relu_and_pool(out, out_frame, codes, codes_width, x, frame, images, exact_frame):
    """The same, rounded."""
    for n in prange(images):
        exact = np.empty(exact_frame.image, x.dtype)
        their_codes = codes[n * exact_frame.height * exact_frame.width * codes_width :]
        _relu_and_pool(exact, exact_frame, their_codes, codes_width, x[n * frame.image :], frame, 1)
        _round_picture(out[n * out_frame.image :], out_frame, exact.view(np.uint32), exact_frame, 1)
