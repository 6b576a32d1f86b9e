"""Batch normalisation of channels-last pictures, with the ReLU after it.

`fastcnn.layers.normalization` defines it.
Statistics are summed in float64, in fixed bands of rows (pixels of all pictures) that are added in order.
"""

import math

import numpy as np

from fastcnn.kernels.cuda.products.sums import band, store_band
from fastcnn.kernels.cuda.toolchain.compiler import cuda, int32, kernel
from fastcnn.kernels.cuda.toolchain.index import here
from fastcnn.kernels.cuda.toolchain.sizes import BAND_SHAPE, LANES


@kernel("D F D i i i i")
def moments(partials, x, mean, centred, rows, columns, length):
    """partials (bands, C): sums of x or (x - mean)^2 over `length` rows. A block has one band and BAND columns."""
    lanes = cuda.shared.array(BAND_SHAPE, mean.dtype)
    column, row, stop = band(rows, length)
    total = np.float64(0)
    while row < stop:
        if column < columns:
            value = np.float64(x[int32(row * columns + column)])
            if centred != 0:
                value = (value - mean[column]) * (value - mean[column])
            total += value
        row = int32(row + LANES)
    store_band(partials, lanes, total, cuda.blockIdx.y, column, columns)


@kernel("D D i i d")
def mean_of(result, partials, bands, columns, count):
    """result (C,) = the sum of the bands / count."""
    c = here()
    if c < columns:
        total = np.float64(0)
        for band in range(bands):
            total += partials[int32(band * columns + c)]
        result[c] = total / count


@kernel("F F D D F F i d d d")
def settle(mean, inverse, mean64, var64, running_mean, running_var, columns, momentum, eps, count):
    """The batch's mean and 1 / sqrt(var + eps) in the network's dtype. This also updates the running statistics."""
    c = here()
    if c < columns:
        running_mean[c] = (1 - momentum) * running_mean[c] + momentum * mean64[c]
        running_var[c] = (1 - momentum) * running_var[c] + momentum * (var64[c] * (count / (count - 1)))
        mean[c] = mean64[c]
        inverse[c] = mean.dtype.type(1) / math.sqrt(mean.dtype.type(var64[c]) + mean.dtype.type(eps))


@kernel("F F F F i d")
def settle_running(mean, inverse, running_mean, running_var, columns, eps):
    """Mean and 1 / sqrt(var + eps) from the running statistics."""
    c = here()
    if c < columns:
        mean[c] = running_mean[c]
        inverse[c] = mean.dtype.type(1) / math.sqrt(running_var[c] + mean.dtype.type(eps))


@kernel("F F F F i F F F F d i i")
def fold_into(out_weight, out_bias, weight, bias, has_bias, mean, var, norm_weight, norm_bias, eps, count, taps):
    """The convolution's weight and bias, combined with the batch normalisation; bias is read only if has_bias."""
    i = here()
    if i < count:
        k = int32(i // taps)
        scale = norm_weight[k] * (mean.dtype.type(1) / math.sqrt(var[k] + mean.dtype.type(eps)))
        out_weight[i] = weight[i] * scale
        if i % taps == 0:
            before = -mean[k]
            if has_bias != 0:
                before = bias[k] - mean[k]
            out_bias[k] = before * scale + norm_bias[k]


@kernel("F F F F F F i i i")
def normalise(out, x, mean, inverse, weight, bias, relu, count, columns):
    """out = (x - mean) * inverse * weight + bias, with the ReLU after it."""
    i = here()
    if i < count:
        c = int32(i % columns)
        value = (x[i] - mean[c]) * inverse[c] * weight[c] + bias[c]
        if relu != 0 and value < 0:
            value = out.dtype.type(0)
        out[i] = value


@kernel("F F F F F F F i i i")
def normalise_sum(out, x, mean, inverse, weight, bias, addend, relu, count, columns):
    """out = (x - mean) * inverse * weight + bias + addend, with the ReLU after it."""
    i = here()
    if i < count:
        c = int32(i % columns)
        value = (x[i] - mean[c]) * inverse[c] * weight[c] + bias[c] + addend[i]
        if relu != 0 and value < 0:
            value = out.dtype.type(0)
        out[i] = value


@kernel("D F F F F D i i i")
def norm_gradient_sums(partials, grad, x, mean, inverse, zeros, rows, columns, length):
    """partials (bands, 2, C): sums of grad and of grad * normalised x."""
    plain_lanes = cuda.shared.array(BAND_SHAPE, zeros.dtype)
    scaled_lanes = cuda.shared.array(BAND_SHAPE, zeros.dtype)
    column, row, stop = band(rows, length)
    plain, scaled = np.float64(0), np.float64(0)
    while row < stop:
        if column < columns:
            at = int32(row * columns + column)
            plain += grad[at]
            scaled += grad[at] * ((x[at] - mean[column]) * inverse[column])
        row = int32(row + LANES)
    store_band(partials, plain_lanes, plain, 2 * cuda.blockIdx.y, column, columns)
    store_band(partials, scaled_lanes, scaled, 2 * cuda.blockIdx.y + 1, column, columns)


@kernel("F F D i i")
def fold_gradients(grad_weight, grad_bias, partials, bands, columns):
    """Add the sums of the bands in order."""
    c = here()
    if c < columns:
        plain, scaled = np.float64(0), np.float64(0)
        for band in range(bands):
            plain += partials[int32(2 * band * columns + c)]
            scaled += partials[int32((2 * band + 1) * columns + c)]
        grad_bias[c] = plain
        grad_weight[c] = scaled


@kernel("F F F F F F F F i i f")
def norm_gradient(grad_in, grad, x, mean, inverse, weight, grad_weight, grad_bias, count, columns, rows):
    """The input's gradient: weight * inverse * (grad - mean(grad) - y * mean(grad * y)); y is the normalised x."""
    i = here()
    if i < count:
        c = int32(i % columns)
        normalised = (x[i] - mean[c]) * inverse[c]
        grad_in[i] = weight[c] * inverse[c] * (grad[i] - grad_bias[c] / rows - normalised * (grad_weight[c] / rows))
