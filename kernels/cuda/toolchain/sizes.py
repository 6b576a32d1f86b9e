"""Block sizes, tiles and shares of work: chosen here and nowhere else, from shapes alone.

Nothing depends on the GPU at hand, so the same batch gives the same bits on every one.
"""

from collections.abc import Sequence
from math import prod

from fastcnn.kernels.cuda.toolchain.compiler import SIMULATED

# A block of products is SIDE x SIDE threads; each owns 4 rows x 2 columns of the tile. Four rows, so that one thread
# holds a whole 2x2 pooling window; two columns, so that a tile is 32 wide, as the paper's 30 filters nearly are. Six
# reads of shared memory then feed eight multiply-adds. Under the simulator a thread of a block is a thread of the
# system and each step is Python: there blocks are 4 x 4, and tiny shapes still have seams between tiles.
SIDE = 4 if SIMULATED else 16
THREAD_ROWS = 4
THREAD_COLUMNS = 2
ROWS = THREAD_ROWS * SIDE
COLUMNS = THREAD_COLUMNS * SIDE
DEPTH = SIDE  # terms of a tile: one for each thread along a side, so that loading needs no division
# Numba takes the shape of a shared array from a module's constant only. One column more than needed: threads that write
# along the depth then hit different banks.
A_SHAPE = (DEPTH, ROWS + 1)
B_SHAPE = (DEPTH, COLUMNS + 1)
SUMS = THREAD_ROWS * THREAD_COLUMNS

# One element a thread: eight warps hide the latency of memory, and any register count the table allows fits.
LINE = 8 if SIMULATED else 256
# Sums over rows: a block of BAND columns x LANES lanes; adjacent threads read adjacent columns.
BAND = 4 if SIMULATED else 32
LANES = 4 if SIMULATED else 8
BAND_SHAPE = (LANES, BAND)

# Where a product has few tiles its depth is shared out, to about this many blocks: two for each processor of the
# largest GPU of today (132). A share has at least MIN_STEPS tiles of depth, or adding the shares costs more than it
# won.
WANTED_BLOCKS = 8 if SIMULATED else 264
MIN_STEPS = 2 if SIMULATED else 4

MAX_ELEMENTS = 2**31 - 1
MAX_GRID_YZ = 65535


def tiles(size: int, tile: int) -> int:
    """How many tiles cover a size."""
    return -(-size // tile)


def line_grid(elements: int) -> tuple[tuple[int], tuple[int]]:
    """Grid and block for a kernel with one thread an element."""
    return (tiles(elements, LINE),), (LINE,)


def product_grid(rows: int, columns: int, layers: int) -> tuple[tuple[int, int, int], tuple[int, int]]:
    """Grid and block of a tiled product; layers: groups, or shares of the depth, or both."""
    grid = tiles(rows, ROWS), tiles(columns, COLUMNS), layers
    if max(grid[1:]) > MAX_GRID_YZ:
        raise ValueError(
            f"the CUDA kernels take at most {MAX_GRID_YZ} tiles of channels and groups, not {max(grid[1:])}"
        )
    return grid, (SIDE, SIDE)


def shares(rows: int, columns: int, depth: int, groups: int = 1) -> tuple[int, int]:
    """In how many parts the depth of a product is summed, and the terms of a part, a multiple of DEPTH."""
    blocks = tiles(rows, ROWS) * tiles(columns, COLUMNS) * groups
    wanted = max(1, min(WANTED_BLOCKS // blocks, depth // (DEPTH * MIN_STEPS)))
    length = tiles(tiles(depth, wanted), DEPTH) * DEPTH
    return tiles(depth, length), length


def check_count(*shapes: Sequence[int]) -> None:
    """ValueError where an array has more elements than an int32 can number."""
    for shape in shapes:
        if prod(shape) > MAX_ELEMENTS:
            raise ValueError(
                f"the CUDA kernels number elements in 32 bits, and {tuple(shape)} has more; use fewer images"
            )
