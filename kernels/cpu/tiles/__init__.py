"""The register tiles: the innermost loops of every convolution and matrix product, as LLVM vector code.

A tile keeps a small block of sums in registers until all products are added. Then it writes each sum once.
`docs/kernels.md` explains how a convolution becomes tiles. There are these:

- `sum_tile`      pixels x output channels, for convolution, both its gradients, and Affine's gradients;
- `pool_tile`     the same for 2x2 windows of pixels, with ReLU and max-pool before anything is written;
- `dot_tile`      pictures x outputs, with the lanes along the sum, for Affine forward;
- `gradient_tile` the weight gradient of a one-channel convolution that ReLU and 2x2 max-pool follow;
- `channel_tile`, `plane_tile`, `moment_tile` depthwise convolution and the gradient of its weight;
- `copy_tile` a short row; `transpose_tile` rows to columns, for every change of layout.

All arrays are flat. `..._at` is where a tile begins, `..._stride` the distance of two neighbours, both in elements. A
tile checks nothing: its caller has done so. It reads whole vectors, so each array has one spare vector at its end. It
writes only its own elements. Above each tile is its twin in NumPy. The twin defines what the tile does, and runs in
its place when Numba's compiler is off (NUMBA_DISABLE_JIT=1).
"""

from fastcnn.kernels.cpu.tiles.depthwise import (
    MOMENT_TAPS,
    VECTOR_COUNTS,
    channel_tile,
    copy_tile,
    moment_tile,
    plane_tile,
)
from fastcnn.kernels.cpu.tiles.dots import DOT_OUTPUTS, DOT_PICTURES, dot_tile
from fastcnn.kernels.cpu.tiles.gradients import GRADIENT_COLUMNS, GRADIENT_ROWS, gradient_tile
from fastcnn.kernels.cpu.tiles.pools import DEAD, POOL_SIZES, pool_tile
from fastcnn.kernels.cpu.tiles.sums import NEXT_TILE, TILE_PIXELS, TILE_SIZES, TILE_VECTORS, sum_tile
from fastcnn.kernels.cpu.tiles.transposes import transpose_tile

__all__ = [
    "DEAD",
    "DOT_OUTPUTS",
    "DOT_PICTURES",
    "GRADIENT_COLUMNS",
    "GRADIENT_ROWS",
    "MOMENT_TAPS",
    "NEXT_TILE",
    "POOL_SIZES",
    "TILE_PIXELS",
    "TILE_SIZES",
    "TILE_VECTORS",
    "VECTOR_COUNTS",
    "channel_tile",
    "copy_tile",
    "dot_tile",
    "gradient_tile",
    "moment_tile",
    "plane_tile",
    "pool_tile",
    "sum_tile",
    "transpose_tile",
]
