"""Batch normalisation of channels-last pictures, with the ReLU behind it: `fastcnn.batchnorm` is its definition.

Statistics are summed in float64, in fixed blocks of pictures that are added in order.
"""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.jit import inner, kernel


@kernel
def sums(partials, x, frame, mean, images, per_block):
    """partials (2, blocks, C) float64: first sum of x, or second sum of (x - mean)^2 where mean is given."""
    channels = frame.channels
    for block in prange((images + per_block - 1) // per_block):
        into = partials[block * channels : (block + 1) * channels]
        into[:] = 0
        for n in range(block * per_block, min(images, (block + 1) * per_block)):
            for h in range(frame.height):
                i = frame.at + n * frame.image + h * frame.row
                for w in range(frame.width):
                    for c in range(channels):
                        value = np.float64(x[i + w * channels + c])
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


@kernel
def normalise(out, out_frame, x, x_frame, mean, inverse, weight, bias, floor, images):
    """out = max(floor, (x - mean) * inverse * weight + bias)."""
    channels = x_frame.channels
    for n in prange(images):
        for h in range(x_frame.height):
            o = out_frame.at + n * out_frame.image + h * out_frame.row
            i = x_frame.at + n * x_frame.image + h * x_frame.row
            for w in range(x_frame.width):
                for c in range(channels):
                    value = (x[i + w * channels + c] - mean[c]) * inverse[c] * weight[c] + bias[c]
                    out[o + w * channels + c] = floor[0] if value < floor[0] else value


@kernel
def gradient_sums(
    partials, grad, grad_frame, out, out_frame, x, x_frame, mean, inverse, relu_behind, images, per_block
):
    """partials (blocks, 2, C) float64: sums of grad and of grad * normalised x; grad is cut in place behind ReLU."""
    channels = x_frame.channels
    for block in prange((images + per_block - 1) // per_block):
        plain = partials[2 * block * channels : (2 * block + 1) * channels]
        scaled = partials[(2 * block + 1) * channels : (2 * block + 2) * channels]
        plain[:] = 0
        scaled[:] = 0
        for n in range(block * per_block, min(images, (block + 1) * per_block)):
            for h in range(x_frame.height):
                g0 = grad_frame.at + n * grad_frame.image + h * grad_frame.row
                o0 = out_frame.at + n * out_frame.image + h * out_frame.row
                i0 = x_frame.at + n * x_frame.image + h * x_frame.row
                for w in range(x_frame.width):
                    for c in range(channels):
                        e = w * channels + c
                        g = grad[g0 + e]
                        if relu_behind:
                            g = grad.dtype.type(0) if out[o0 + e] <= 0 else g
                            grad[g0 + e] = g
                        plain[c] += g
                        scaled[c] += g * ((x[i0 + e] - mean[c]) * inverse[c])


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
            d0 = grad_in_frame.at + n * grad_in_frame.image + h * grad_in_frame.row
            g0 = grad_frame.at + n * grad_frame.image + h * grad_frame.row
            i0 = x_frame.at + n * x_frame.image + h * x_frame.row
            for w in range(x_frame.width):
                for c in range(channels):
                    e = w * channels + c
                    normalised = (x[i0 + e] - mean[c]) * inverse[c]
                    centred = grad[g0 + e] - grad_bias[c] / count[0] - normalised * (grad_weight[c] / count[0])
                    grad_in[d0 + e] = weight[c] * inverse[c] * centred
