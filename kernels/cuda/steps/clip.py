"""Scale gradients so that their norm is at most a limit: `fastcnn.optim.clip_gradients` on the GPU.

Squares are summed in float64, in fixed shares that are added in order, so all runs give the same bits.
"""

import math

import numpy as np

from fastcnn.kernels.cuda.toolchain.compiler import cuda, int32, kernel
from fastcnn.kernels.cuda.toolchain.index import here
from fastcnn.kernels.cuda.toolchain.memory import DeviceArray, empty
from fastcnn.kernels.cuda.toolchain.sizes import LINE, line_grid, tiles

# The number of elements that a block squares and sums: sixteen for each of its threads.
SHARE = 16 * LINE


@kernel("D F i i")
def square_sums(partials, x, count, length):
    """partials[block] = the sum of the squares of the block's `length` elements of x."""
    lanes = cuda.shared.array(LINE, partials.dtype)
    lane = int32(cuda.threadIdx.x)
    at = int32(cuda.blockIdx.x * length + lane)
    stop = int32((cuda.blockIdx.x + 1) * length)
    if stop > count:
        stop = int32(count)
    total = np.float64(0)
    while at < stop:
        value = np.float64(x[at])
        total += value * value
        at = int32(at + LINE)
    lanes[lane] = total
    cuda.syncthreads()
    half = int32(LINE // 2)
    while half > 0:
        if lane < half:
            lanes[lane] += lanes[int32(lane + half)]
        cuda.syncthreads()
        half = int32(half // 2)
    if lane == 0:
        partials[cuda.blockIdx.x] = lanes[lane]


@kernel("D D i d")
def norm_and_factor(result, partials, shares, limit):
    """result (2,) = the norm (root of the sum of the shares), and the factor: 1 if the norm is small or not finite."""
    if here() == 0:
        total = np.float64(0)
        for share in range(shares):
            total += partials[share]
        norm = math.sqrt(total)
        result[0] = norm
        result[1] = limit / norm if norm > limit and norm < np.inf else np.float64(1)


@kernel("F D i")
def scale(x, result, count):
    """x *= result[1], in x's dtype."""
    i = here()
    if i < count:
        x[i] *= x.dtype.type(result[1])


class Clip:
    """Clipping of flat arrays of `count` elements. It owns the memory for the sums. `result`: norm and factor."""

    def __init__(self, count: int) -> None:
        self._shares = tiles(count, SHARE)
        self._partials, self.result = empty(self._shares, np.float64), empty(2, np.float64)

    def __call__(self, gradients: DeviceArray, max_norm: float) -> None:
        count = gradients.size
        square_sums((self._shares,), (LINE,), self._partials, gradients, count, SHARE)
        norm_and_factor((1,), (1,), self.result, self._partials, self._shares, np.float64(max_norm))
        scale(*line_grid(count), gradients, self.result, count)
