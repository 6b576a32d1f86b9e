"""The register tiles: the innermost loops of every convolution and matrix product, as LLVM vector code.

A tile keeps a small block of sums in registers while it walks over everything that is added to them, and writes each
sum once. How a convolution becomes tiles is told in `docs/kernels.md`. There are five:

- `sum_tile`      pixels x output channels; serves convolution forward, both its gradients, and Affine's gradients;
- `pool_tile`     the same for 2x2 windows of pixels, with ReLU and max-pool before anything is written;
- `dot_tile`      pictures x outputs, with the lanes along the sum; serves Affine forward;
- `gradient_tile` the weight gradient of a one-channel convolution behind ReLU and 2x2 max-pool;
- `transpose_tile` rows to columns, for everything that changes a layout.

All arrays are flat; `..._at` is where a tile begins and `..._step` how far apart two neighbours lie, in elements. A
tile trusts its caller: it checks nothing. It reads whole vectors, so arrays have a vector of slack at their end; it
writes nothing but its own elements. Above each tile stands its twin in NumPy, which defines what the tile does and
runs in its place when Numba's compiler is off (NUMBA_DISABLE_JIT=1).
"""

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
    "NEXT_TILE",
    "POOL_SIZES",
    "TILE_PIXELS",
    "TILE_SIZES",
    "TILE_VECTORS",
    "dot_tile",
    "gradient_tile",
    "pool_tile",
    "sum_tile",
    "transpose_tile",
]
