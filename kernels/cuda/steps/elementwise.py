"""Kernels on single elements or channels of channels-last pictures: the layers between products, and the input."""

import math

import numpy as np

from fastcnn.kernels.cuda.products.sums import add_in_order
from fastcnn.kernels.cuda.toolchain.compiler import device, int32, kernel
from fastcnn.kernels.cuda.toolchain.index import divide, here

uint64 = np.uint64


@kernel("F B I i i i i i")
def load_bytes(out, images, order, first, count, C, H, W):
    """out (N, H, W, C) = N images (C, H, W) / 255: those with the numbers order[first], order[first + 1], ..."""
    i = here()
    if i < count:
        c, rest = int32(i % C), int32(i // C)
        pixel, n = int32(rest % (H * W)), order[int32(first + rest // (H * W))]
        out[i] = out.dtype.type(images[int32((n * C + c) * H * W + pixel)]) / out.dtype.type(255)


@kernel("B B I i i i")
def gather_bytes(out, images, order, first, count, pixels):
    """out = the images of `pixels` pixels with the numbers order[first], order[first + 1], ..."""
    i = here()
    if i < count:
        out[i] = images[int32(order[int32(first + i // pixels)] * pixels + i % pixels)]


@kernel("F F i i i i")
def load_floats(out, images, count, C, H, W):
    """out (N, H, W, C) = images (N, C, H, W)."""
    i = here()
    if i < count:
        c, rest = int32(i % C), int32(i // C)
        pixel, n = int32(rest % (H * W)), int32(rest // (H * W))
        out[i] = images[int32((n * C + c) * H * W + pixel)]


@kernel("F F i")
def copy_all(out, x, count):
    """out = x."""
    i = here()
    if i < count:
        out[i] = x[i]


@kernel("F F F i i")
def add(out, x, addend, relu_after, count):
    """out = x + addend, with the ReLU after it if relu_after is not 0."""
    i = here()
    if i < count:
        value = x[i] + addend[i]
        out[i] = out.dtype.type(0) if relu_after != 0 and value < 0 else value


@kernel("F F i")
def accumulate(out, x, count):
    """out += x."""
    i = here()
    if i < count:
        out[i] += x[i]


@kernel("F i i F i i i i")
def copy_channels(out, out_channels, out_first, x, x_channels, x_first, channels, count):
    """Copy `channels` channels of x, from x_first on, to out, from out_first on; count: all copied elements."""
    i = here()
    if i < count:
        pixel, c = int32(i // channels), int32(i % channels)
        out[int32(pixel * out_channels + out_first + c)] = x[int32(pixel * x_channels + x_first + c)]


@kernel("F F i")
def relu(out, x, count):
    """out = max(x, 0); NaN stays NaN."""
    i = here()
    if i < count:
        value = x[i]
        out[i] = out.dtype.type(0) if value < 0 else value


@kernel("F F F i")
def relu_gradient(grad_in, grad, out, count):
    """grad_in = grad where out > 0 or NaN, else 0; grad_in and grad may be the same array."""
    i = here()
    if i < count:
        grad_in[i] = grad.dtype.type(0) if out[i] <= 0 else grad[i]


@kernel("F F B i i i i")
def unpool_gradient(grad_in, grad, codes, count, P, Q, K):
    """The gradient before ReLU and 2x2 max-pool, (N, P, Q, K): grad at the largest pixel, 0 at the other three.

    A thread computes one window of one channel, so four pixels share its divisions. An odd edge cuts a window off.
    """
    i = here()
    if i < count:
        rest, k = divide(i, K)
        rest, q = divide(rest, (Q + 1) // 2)
        n, p = divide(rest, (P + 1) // 2)
        value, code = grad.dtype.type(0), int32(4)
        if 2 * p + 1 < P and 2 * q + 1 < Q:
            at = int32(((n * (P // 2) + p) * (Q // 2) + q) * K + k)
            value, code = grad[at], int32(codes[at])
        for pixel in range(4):
            row, column = int32(2 * p + pixel // 2), int32(2 * q + pixel % 2)
            if row < P and column < Q:
                into = int32(((n * P + row) * Q + column) * K + k)
                grad_in[into] = value if code == pixel else grad.dtype.type(0)


@device
def _hash(key, index):
    """Output `index` of SplitMix64 seeded with key: see `fastcnn.layers.dropout`."""
    z = key + uint64(index + 1) * uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@kernel("F F i u u f")
def dropout(out, x, count, key, threshold, scale):
    """out = x * scale where the hash of the element is at least the threshold, else 0."""
    i = here()
    if i < count:
        kept = _hash(key, i) >> uint64(40) >= threshold
        out[i] = x[i] * scale if kept else scale - scale


@kernel("F F i i i")
def average_pool(out, x, count, channels, pixels):
    """out (N, C): the mean of each channel of each picture."""
    i = here()
    if i < count:
        start = int32(i // channels * pixels * channels + i % channels)
        total = x[start]
        for pixel in range(1, pixels):
            total += x[int32(start + pixel * channels)]
        out[i] = total / out.dtype.type(pixels)


@kernel("F F i i i")
def average_pool_gradient(grad_in, grad, count, channels, pixels):
    """grad_in = the grad of each channel / its number of pixels."""
    i = here()
    if i < count:
        at = int32(i // (pixels * channels) * channels + i % channels)
        grad_in[i] = grad[at] / grad_in.dtype.type(pixels)


@device
def largest(logits, first, classes):
    """The largest logit of a picture, from index `first` on; NaN if one is NaN, so that the loss becomes NaN."""
    found = np.float64(logits[first])
    for k in range(1, classes):
        if not (logits[int32(first + k)] <= found):  # true for NaN
            found = np.float64(logits[int32(first + k)])
    return found


@kernel("D F F I I i i i d")
def softmax_cross_entropy(losses, grad, logits, labels, order, start, images, classes, smoothing):
    """grad (N, classes) of the mean loss, and losses (N,), in float64, as in `kernels.cpu.steps.loss`.

    The labels are those with the numbers order[start], order[start + 1], ...
    """
    n = here()
    if n < images:
        first = int32(n * classes)
        top = largest(logits, first, classes)
        total, mean = np.float64(0), np.float64(0)
        for k in range(classes):
            shifted = np.float64(logits[int32(first + k)]) - top
            total += math.exp(shifted)
            mean += shifted
        label = labels[order[int32(start + n)]]
        loss = math.log(total) - (1 - smoothing) * (np.float64(logits[int32(first + label)]) - top)
        if smoothing > 0:
            loss -= smoothing * mean / classes
        losses[n] = loss
        for k in range(classes):
            share = math.exp(np.float64(logits[int32(first + k)]) - top) / total - smoothing / classes
            if k == label:
                share -= 1 - smoothing
            grad[int32(first + k)] = share / images


@kernel("D D i i")
def mean_loss(means, losses, images, at):
    """means[at] = the mean of the losses. One thread adds them in order."""
    if here() == 0:
        means[at] = add_in_order(np.float64(0), losses, int32(0), int32(1), images) / images
