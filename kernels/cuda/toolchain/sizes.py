"""Block sizes, tiles and shares of work. They are chosen only here, and only from the shapes.

Nothing depends on the GPU, so the same batch gives the same bits on all GPUs.
"""

from collections.abc import Sequence
from math import prod

from fastcnn.kernels.cuda.toolchain.compiler import SIMULATED

# A block of products has SIDE x SIDE threads. Each has 4 rows x 2 columns of the tile. With four rows, a thread has a
# whole 2x2 pooling window. With two columns, a tile is 32 wide, which suits the paper's 30 filters. Eight multiply-adds
# then need six reads of shared memory. In the simulator, a thread of a block is a thread of the system and runs Python:
# blocks are 4 x 4 there, and small shapes still have several tiles.
SIDE = 4 if SIMULATED else 16
THREAD_ROWS = 4
THREAD_COLUMNS = 2
ROWS = THREAD_ROWS * SIDE
COLUMNS = THREAD_COLUMNS * SIDE
DEPTH = SIDE  # terms in a tile: one for each thread along a side, so that loading needs no division
# Numba needs a constant of the module as the shape of a shared array. There is one more column than needed: threads
# that write along the depth then use different banks.
A_SHAPE = (DEPTH, ROWS + 1)
B_SHAPE = (DEPTH, COLUMNS + 1)
SUMS = THREAD_ROWS * THREAD_COLUMNS

# A thread for each element: eight warps hide the latency of memory, and each register count in the table fits.
LINE = 8 if SIMULATED else 256
# Sums over rows: a block has BAND columns x LANES lanes; adjacent threads read adjacent columns.
BAND = 4 if SIMULATED else 32
LANES = 4 if SIMULATED else 8
BAND_SHAPE = (LANES, BAND)

# If a product has few tiles, its depth is divided into shares, for about this many blocks: two for each processor of a
# large GPU (132). A share has at least MIN_STEPS tiles of depth; with smaller shares, adding them would take more time
# than they save.
WANTED_BLOCKS = 8 if SIMULATED else 264
MIN_STEPS = 2 if SIMULATED else 4

MAX_ELEMENTS = 2**31 - 1
MAX_GRID_YZ = 65535


def tiles(size: int, tile: int) -> int:
    """The number of tiles that cover a size."""
    return -(-size // tile)


def line_grid(elements: int) -> tuple[tuple[int], tuple[int]]:
    """Grid and block for a kernel with a thread for each element."""
    return (tiles(elements, LINE),), (LINE,)


def product_grid(rows: int, columns: int, layers: int) -> tuple[tuple[int, int, int], tuple[int, int]]:
    """Grid and block of a tiled product; layers: the number of groups, of shares of the depth, or of both."""
    grid = tiles(rows, ROWS), tiles(columns, COLUMNS), layers
    if max(grid[1:]) > MAX_GRID_YZ:
        raise ValueError(
            f"the CUDA kernels take at most {MAX_GRID_YZ} tiles of channels and groups, not {max(grid[1:])}"
        )
    return grid, (SIDE, SIDE)


def shares(rows: int, columns: int, depth: int, groups: int = 1) -> tuple[int, int]:
    """The number of parts of a product's depth, and the terms in a part, a multiple of DEPTH."""
    blocks = tiles(rows, ROWS) * tiles(columns, COLUMNS) * groups
    wanted = max(1, min(WANTED_BLOCKS // blocks, depth // (DEPTH * MIN_STEPS)))
    length = tiles(tiles(depth, wanted), DEPTH) * DEPTH
    return tiles(depth, length), length


def check_count(*shapes: Sequence[int]) -> None:
    """ValueError if an array has more elements than an int32 can count."""
    for shape in shapes:
        if prod(shape) > MAX_ELEMENTS:
            raise ValueError(
                f"the CUDA kernels number elements in 32 bits, and {tuple(shape)} has more; use fewer images"
            )
