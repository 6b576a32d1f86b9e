"""Batch normalisation of channels-last pictures, with the ReLU after it.

`fastcnn.layers.normalization` is its definition.
Statistics are summed in float64, in fixed blocks of pictures that are added in order.
"""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.steps.elementwise import row
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel


@kernel
def sums(partials, x, frame, mean, images, per_block):
    """partials (2, blocks, C) float64: first sum of x, or second sum of (x - mean)^2 where mean is given."""
    channels = frame.channels
    for block in prange((images + per_block - 1) // per_block):
        into = partials[block * channels : (block + 1) * channels]
        into[:] = 0
        for n in range(block * per_block, min(images, (block + 1) * per_block)):
            for h in range(frame.height):
                i, _ = row(frame, n, h)
                for w in range(frame.width):
                    pixel = x[i + w * channels : i + (w + 1) * channels]
                    for c in range(channels):
                        value = np.float64(pixel[c])
                        if mean is None:  # settled when this is compiled
                            into[c] += value
                        else:
                            into[c] += (value - mean[c]) * (value - mean[c])


@inner
def mean_of(mean, partials, blocks, count):
    """mean (C,) float64 from the sums of the blocks."""
    channels = len(mean)
    for c in range(channels):
        total = 0.0
        for block in range(blocks):
            total += partials[block * channels + c]
        mean[c] = total / count


@inner
def settle(mean, inverse, mean64, var64, running_mean, running_var, momentum, eps, count):
    """The batch's mean and 1 / sqrt(var + eps) in the network's dtype; the running statistics move along."""
    for c in range(len(mean)):
        running_mean[c] = (1 - momentum) * running_mean[c] + momentum * mean64[c]
        running_var[c] = (1 - momentum) * running_var[c] + momentum * (var64[c] * (count / (count - 1)))
        mean[c] = mean64[c]
        inverse[c] = 1 / np.sqrt(mean.dtype.type(var64[c]) + mean.dtype.type(eps))


@inner
def settle_running(mean, inverse, running_mean, running_var, eps):
    """The same from the running statistics."""
    for c in range(len(mean)):
        mean[c] = running_mean[c]
        inverse[c] = 1 / np.sqrt(running_var[c] + mean.dtype.type(eps))


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
def normalise(out, out_frame, x, x_frame, mean, inverse, weight, bias, addend, addend_frame, floor, images):
    """out = max(floor, (x - mean) * inverse * weight + bias + addend); addend may be None."""
    channels = x_frame.channels
    for n in prange(images):
        for h in range(x_frame.height):
            o, _ = row(out_frame, n, h)
            i, _ = row(x_frame, n, h)
            for w in range(x_frame.width):
                source = x[i + w * channels : i + (w + 1) * channels]
                target = out[o + w * channels : o + (w + 1) * channels]
                if addend is None:  # settled when this is compiled
                    for c in range(channels):
                        value = (source[c] - mean[c]) * inverse[c] * weight[c] + bias[c]
                        target[c] = floor[0] if value < floor[0] else value
                else:
                    a, _ = row(addend_frame, n, h)
                    added = addend[a + w * channels : a + (w + 1) * channels]
                    for c in range(channels):
                        value = (source[c] - mean[c]) * inverse[c] * weight[c] + bias[c] + added[c]
                        target[c] = floor[0] if value < floor[0] else value


@kernel
def gradient_sums(partials, grad, grad_frame, out, out_frame, x, x_frame, mean, inverse, relu_after, images, per_block):
    """partials (blocks, 2, C) float64: sums of grad and of grad * normalised x; grad is cut in place where the ReLU gave 0."""
    channels = x_frame.channels
    for block in prange((images + per_block - 1) // per_block):
        plain = partials[2 * block * channels : (2 * block + 1) * channels]
        scaled = partials[(2 * block + 1) * channels : (2 * block + 2) * channels]
        plain[:] = 0
        scaled[:] = 0
        for n in range(block * per_block, min(images, (block + 1) * per_block)):
            for h in range(x_frame.height):
                g0, _ = row(grad_frame, n, h)
                o0, _ = row(out_frame, n, h)
                i0, _ = row(x_frame, n, h)
                for w in range(x_frame.width):
                    at, end = w * channels, (w + 1) * channels
                    source, passed, pixel = grad[g0 + at : g0 + end], out[o0 + at : o0 + end], x[i0 + at : i0 + end]
                    for c in range(channels):
                        if relu_after:
                            source[c] = grad.dtype.type(0) if passed[c] <= 0 else source[c]
                        plain[c] += source[c]
                        scaled[c] += source[c] * ((pixel[c] - mean[c]) * inverse[c])


@inner
def fold_gradients(grad_weight, grad_bias, partials, blocks):
    """The blocks' sums added in order."""
    channels = len(grad_bias)
    for c in range(channels):
        plain, scaled = 0.0, 0.0
        for block in range(blocks):
            plain += partials[2 * block * channels + c]
            scaled += partials[(2 * block + 1) * channels + c]
        grad_bias[c] = plain
        grad_weight[c] = scaled


@kernel
def gradient(
    grad_in, grad_in_frame, grad, grad_frame, x, x_frame, mean, inverse, weight, grad_weight, grad_bias, images, count
):
    """The gradient of the input: weight * inverse * (grad - mean of grad - normalised x * mean of grad * it)."""
    channels = x_frame.channels
    for n in prange(images):
        for h in range(x_frame.height):
            d0, _ = row(grad_in_frame, n, h)
            g0, _ = row(grad_frame, n, h)
            i0, _ = row(x_frame, n, h)
            for w in range(x_frame.width):
                at, end = w * channels, (w + 1) * channels
                source, pixel, target = grad[g0 + at : g0 + end], x[i0 + at : i0 + end], grad_in[d0 + at : d0 + end]
                for c in range(channels):
                    normalised = (pixel[c] - mean[c]) * inverse[c]
                    centred = source[c] - grad_bias[c] / count[0] - normalised * (grad_weight[c] / count[0])
                    target[c] = weight[c] * inverse[c] * centred
