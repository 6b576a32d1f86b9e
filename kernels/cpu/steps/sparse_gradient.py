"""The weight gradient of a one-channel convolution before ReLU and 2x2 max-pool, from the largest pixels only.

Max-pool passes one of four gradients, and ReLU passes half of these. The general method, sum_products, would multiply
all the zeros (docs/tried.md).
"""

from numba import prange

from fastcnn.kernels.cpu.products.geometry import Convolution
from fastcnn.kernels.cpu.tiles.gradients import GRADIENT_COLUMNS, GRADIENT_ROWS, gradient_tile
from fastcnn.kernels.cpu.tiles.winners import WINNER_FILTERS, WINNER_ROWS, winner_tile
from fastcnn.kernels.cpu.toolchain.jit import kernel
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES

# The lanes of a tile are filters, or else the columns of the kernel.
BY_FILTERS = VECTOR_BYTES == 64
tile, ROWS = (gradient_tile, GRADIENT_ROWS) if BY_FILTERS else (winner_tile, WINNER_ROWS)
ROWS_OF_3, ROWS_OF_5 = ROWS[3], ROWS[5]  # a compiled kernel cannot read a dict


def pooled_gradient_serves(shape: Convolution) -> bool:
    """Whether pooled_gradients can compute this convolution."""
    plain = shape.stride == (1, 1) and shape.dilation == (1, 1) and shape.x_at == 0
    return plain and shape.C == 1 and shape.S in GRADIENT_COLUMNS


@kernel
def pooled_gradients(
    partials, bias_partials, x, x_frame, grad, grad_frame, codes, codes_width, R, S, images, per_block
):
    """partials (blocks, R, S, codes_width), and bias_partials (blocks, 2, codes_width) whose first halves count."""
    filters = VECTOR_BYTES // x.itemsize if BY_FILTERS else WINNER_FILTERS
    most = ROWS_OF_3 if S == 3 else ROWS_OF_5
    blocks = (images + per_block - 1) // per_block
    for block in prange(blocks):
        start, bias_at = block * R * S * codes_width, 2 * block * codes_width
        partials[start : start + R * S * codes_width] = 0
        bias_partials[bias_at : bias_at + 2 * codes_width] = 0
        for n in range(block * per_block, min(images, (block + 1) * per_block)):
            for k in range(0, grad_frame.channels, filters):
                r = 0
                while r < R:
                    rows = most if r + most <= R else 1
                    tile(
                        partials,
                        start + r * S * codes_width + k,
                        bias_partials,
                        # Each pass over the windows adds up the bias; only the first one counts.
                        bias_at + k + (0 if r == 0 else codes_width),
                        x,
                        n * x_frame.image + r * x_frame.row,
                        x_frame.row,
                        2 * x_frame.row,
                        2,
                        grad,
                        grad_frame.at + n * grad_frame.image + k,
                        grad_frame.row,
                        grad_frame.channels,
                        codes,
                        n * grad_frame.height * grad_frame.width * codes_width + k,
                        grad_frame.width * codes_width,
                        codes_width,
                        grad_frame.height,
                        grad_frame.width,
                        codes_width,
                        S * codes_width,
                        rows,
                        S,
                    )
                    r += rows
