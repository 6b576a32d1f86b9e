"""Batch normalisation of channels-last pictures, with the ReLU after it.

`fastcnn.layers.normalization` is its definition.
Statistics are summed in float64, in fixed blocks of pictures that are added in order.

The arrays for each channel are as wide as a wide pixel: see `elementwise`.
"""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.steps.elementwise import fold_wide, group, line, narrow_pixel, row
from fastcnn.kernels.cpu.tiles.moments import channel_moment_tile, norm_gradient_tile
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.updates import SMALLEST


@kernel
def sums(partials, x, frame, wide, images, per_block):
    """partials (blocks, 3, wide) float64: of each channel, the block's first value s, and sums of x - s, (x - s)^2."""
    channels = frame.channels
    end, narrow = frame.width * channels, narrow_pixel(channels, wide)
    columns = end // narrow
    for block in prange((images + per_block - 1) // per_block):
        at = 3 * block * wide
        shift, plain, squares = (
            partials[at : at + narrow],
            partials[at + wide : at + wide + narrow],
            partials[at + 2 * wide : at + 2 * wide + narrow],
        )
        i, _ = row(frame, block * per_block, 0)
        for c in range(narrow):
            shift[c] = x[i + c % channels]
            plain[c] = 0
            squares[c] = 0
        for n in range(block * per_block, min(images, (block + 1) * per_block)):
            i, _ = row(frame, n, 0)
            for first in range(0, end, columns * narrow):  # whole groups of pixels, then the rest of each row
                width, times = (narrow, columns) if first == 0 else (end - first, 1)
                c = 0
                while c < width:
                    vectors, count = group(width - c, x)
                    channel_moment_tile(
                        x, i + first + c, frame.row, shift, plain, squares, c, frame.height, times, narrow, vectors,
                        count,
                    )  # fmt: skip
                    c += count
        fold_wide(plain, channels)
        fold_wide(squares, channels)


@inner
def merge(mean, var, partials, wide, blocks, count_of_block, count):
    """mean and var (C,) float64 from the sums of the blocks, merged in order (Chan et al. 1979)."""
    channels = len(mean)
    mean[:] = 0
    var[:] = 0  # the sum of squares, until it is divided below
    for block in range(blocks):
        shift = partials[3 * block * wide : 3 * block * wide + channels]
        plain = partials[(3 * block + 1) * wide : (3 * block + 1) * wide + channels]
        squares = partials[(3 * block + 2) * wide : (3 * block + 2) * wide + channels]
        before = block * count_of_block
        here = min(count_of_block, count - before)
        share = here / (before + here)
        for c in range(channels):
            shifted = plain[c] / here
            apart = shift[c] + shifted - mean[c]
            var[c] += max(0.0, squares[c] - plain[c] * shifted) + apart * apart * before * share
            mean[c] += apart * share
    for c in range(channels):
        var[c] /= count


@inner
def settle_running(statistics, weight, bias, mean, var, eps):
    """statistics (4, wide) = mean, 1 / sqrt(var + eps), weight, bias, for all channels of a wide pixel.

    The running mean of a channel that is always 0 ends below float32's normal numbers. Such a mean is 0 here: the CPU
    takes a hundred times as long for differences so small.
    """
    dtype = statistics.dtype
    wide = len(statistics) // 4
    for i in range(wide):
        c = i % len(weight)
        statistics[i] = 0 if abs(mean[c]) < SMALLEST else mean[c]
        statistics[wide + i] = 1 / np.sqrt(dtype.type(var[c]) + dtype.type(eps))
        statistics[2 * wide + i] = weight[c]
        statistics[3 * wide + i] = bias[c]


@inner
def settle(statistics, weight, bias, mean64, var64, running_mean, running_var, momentum, eps, count):
    """The same from the batch's mean and variance; the running ones move along."""
    channels = len(weight)
    for c in range(channels):
        running_mean[c] = (1 - momentum) * running_mean[c] + momentum * mean64[c]
        running_var[c] = (1 - momentum) * running_var[c] + momentum * (var64[c] * (count / (count - 1)))
    settle_running(statistics, weight, bias, mean64, var64, eps)


@inner
def fold_into(out_weight, out_bias, weight, bias, mean, var, norm_weight, norm_bias, eps):
    """The convolution's flat weight and bias (None: zeros) with the batch normalisation after it in them."""
    taps = len(weight) // len(mean)
    for k in range(len(mean)):
        scale = norm_weight[k] * (1 / np.sqrt(var[k] + var.dtype.type(eps)))
        for tap in range(taps):
            out_weight[k * taps + tap] = weight[k * taps + tap] * scale
        before = -mean[k] if bias is None else bias[k] - mean[k]
        out_bias[k] = before * scale + norm_bias[k]


@kernel
def normalise(out, out_frame, x, x_frame, statistics, addend, addend_frame, floor, images):
    """out = max(floor, (x - mean) * inverse * weight + bias + addend); addend may be None."""
    end, wide = x_frame.width * x_frame.channels, len(statistics) // 4
    for n in prange(images):
        mean, inverse = statistics[:wide], statistics[wide : 2 * wide]
        weight, bias = statistics[2 * wide : 3 * wide], statistics[3 * wide :]
        for h in range(x_frame.height):
            o, _ = row(out_frame, n, h)
            i, _ = row(x_frame, n, h)
            for w in range(0, end, wide):
                stop = min(w + wide, end)
                source, target = x[i + w : i + stop], out[o + w : o + stop]
                if addend is None:  # settled when this is compiled
                    for c in range(len(source)):
                        value = (source[c] - mean[c]) * inverse[c] * weight[c] + bias[c]
                        target[c] = floor[0] if value < floor[0] else value
                else:
                    a, _ = row(addend_frame, n, h)
                    added = addend[a + w : a + stop]
                    for c in range(len(source)):
                        value = (source[c] - mean[c]) * inverse[c] * weight[c] + bias[c] + added[c]
                        target[c] = floor[0] if value < floor[0] else value


@kernel
def gradient_sums(
    partials, grad, grad_frame, out, out_frame, x, x_frame, statistics, cut, relu_in_place, images, per_block
):
    """partials (blocks, 2, wide) float64: sums of g and of g * normalised x, where g is the gradient before the ReLU.

    cut : g = 0 where the normalised value is at most this number, and grad elsewhere; see `BatchNorm2d`
    relu_in_place : grad is 0 first where the ReLU gave 0 in out: others read this gradient too
    """
    channels = x_frame.channels
    end, wide = x_frame.width * channels, len(statistics) // 4
    narrow = narrow_pixel(channels, wide)
    columns = end // narrow
    for block in prange((images + per_block - 1) // per_block):
        at = 2 * block * wide
        plain, scaled = partials[at : at + narrow], partials[at + wide : at + wide + narrow]
        plain[:] = 0
        scaled[:] = 0
        for n in range(block * per_block, min(images, (block + 1) * per_block)):
            if relu_in_place:
                for h in range(x_frame.height):
                    source, passed = line(grad, grad_frame, n, h), line(out, out_frame, n, h)
                    for e in range(len(source)):
                        source[e] = grad.dtype.type(0) if passed[e] <= 0 else source[e]
            g, _ = row(grad_frame, n, 0)
            i, _ = row(x_frame, n, 0)
            for first in range(0, end, columns * narrow):
                width, times = (narrow, columns) if first == 0 else (end - first, 1)
                c = 0
                while c < width:
                    vectors, count = group(width - c, x)
                    norm_gradient_tile(
                        grad, g + first + c, grad_frame.row, x, i + first + c, x_frame.row, statistics, wide, cut,
                        plain, scaled, c, x_frame.height, times, narrow, vectors, count,
                    )  # fmt: skip
                    c += count
        fold_wide(plain, channels)
        fold_wide(scaled, channels)


@inner
def fold_gradients(grad_weight, grad_bias, means, partials, wide, blocks, statistics, count):
    """The blocks' sums added in order; means (3, wide) = weight * inverse, grad_bias / count, grad_weight / count."""
    channels = len(grad_bias)
    plain, scaled = partials[:channels], partials[wide : wide + channels]
    for block in range(1, blocks):
        at = 2 * block * wide
        for c in range(channels):
            plain[c] += partials[at + c]
        for c in range(channels):
            scaled[c] += partials[at + wide + c]
    for c in range(channels):
        grad_bias[c] = plain[c]
        grad_weight[c] = scaled[c]
    for i in range(wide):
        means[i] = statistics[2 * wide + i] * statistics[wide + i]
        means[wide + i] = grad_bias[i % channels] / count[0]
        means[2 * wide + i] = grad_weight[i % channels] / count[0]


@kernel
def gradient(grad_in, grad_in_frame, grad, grad_frame, x, x_frame, statistics, means, cut, images):
    """The gradient of the input: weight * inverse * (g - mean of g - normalised x * mean of g * it), as above."""
    end, wide = x_frame.width * x_frame.channels, len(means) // 3
    for n in prange(images):
        mean, inverse = statistics[:wide], statistics[wide : 2 * wide]
        weight, bias = statistics[2 * wide : 3 * wide], statistics[3 * wide :]
        scale, plain, scaled = means[:wide], means[wide : 2 * wide], means[2 * wide :]
        for h in range(x_frame.height):
            d, _ = row(grad_in_frame, n, h)
            g, _ = row(grad_frame, n, h)
            i, _ = row(x_frame, n, h)
            for w in range(0, end, wide):
                stop = min(w + wide, end)
                source, pixel, target = grad[g + w : g + stop], x[i + w : i + stop], grad_in[d + w : d + stop]
                for c in range(len(source)):
                    normalised = (pixel[c] - mean[c]) * inverse[c]
                    before = grad.dtype.type(0) if normalised * weight[c] + bias[c] <= cut[0] else source[c]
                    target[c] = scale[c] * (before - plain[c] - normalised * scaled[c])
