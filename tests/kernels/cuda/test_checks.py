"""The checks of the CUDA kernels catch what they are for: mistakes are planted in the real kernels' source.

Under the simulator only; `tests/kernels/cuda/simulator.py` says what it refuses.
"""

from collections.abc import Callable

import numpy as np
import pytest

from tests.kernels.cases import SIMULATED

if not SIMULATED:
    pytest.skip("needs Numba's CUDA simulator: NUMBA_ENABLE_CUDASIM=1", allow_module_level=True)

from fastcnn.kernels.cuda.products import calls as products
from fastcnn.kernels.cuda.products import convolution, sums, tiles
from fastcnn.kernels.cuda.toolchain import memory
from tests.kernels.cuda import simulator
from tests.kernels.cuda.simulator import planted

BARRIER = "        cuda.syncthreads()\n"


def run_product(kernel: Callable[..., None], rng: np.random.Generator) -> np.ndarray:
    """left (18, 11) times right (9, 11) transposed: several tiles along each side, and two shares of the depth."""
    left, right = rng.integers(-4, 5, (18, 11)).astype(np.float32), rng.integers(-4, 5, (9, 11)).astype(np.float32)
    out, partials = memory.empty(18 * 9, np.float32), memory.empty(8 * 18 * 9, np.float32)
    calls = products.product(out, partials, memory.upload(left), memory.upload(right), (18, 9, 11), (11, 1, 11, 1))
    for each, args in [(kernel, calls[0][1]), calls[1]]:
        each(*args)
    np.testing.assert_array_equal(memory.download(out, (18, 9)), left @ right.T)
    return left


def run_column_sums(kernel: Callable[..., None]) -> None:
    partials, x = memory.empty(5, np.float32), memory.upload(np.ones((7, 5), np.float32))
    kernel(*products.column_sums(partials, partials, x, 7, 5)[0][1])


def test_product_is_right_as_it_is(rng: np.random.Generator) -> None:
    run_product(tiles.product, rng)


@pytest.mark.parametrize("nth", [0, 1])
def test_missing_barrier_is_caught(rng: np.random.Generator, nth: int) -> None:
    """Caught by the race detector: without the first, a thread multiplies what is not loaded; without the second, one
    loads over what is still being multiplied."""
    wrong = planted(tiles, BARRIER, "", nth)["product"]
    with pytest.raises(simulator.RaceError, match=r"no barrier since|nobody wrote"):
        run_product(wrong, rng)


def test_missing_barrier_in_a_column_sum_is_caught() -> None:
    wrong = planted(sums, "    cuda.syncthreads()\n", "")["column_sums"]
    with pytest.raises(simulator.RaceError, match="nobody wrote"):
        run_column_sums(wrong)


def test_barrier_that_some_threads_pass_by_is_caught() -> None:
    wrong = planted(sums, "    cuda.syncthreads()\n", "    if i_y == 0:\n        cuda.syncthreads()\n")["column_sums"]
    with pytest.raises(simulator.RaceError, match="12 of 16 threads ended while the others wait at a barrier"):
        run_column_sums(wrong)


def test_off_by_one_in_a_tile_is_caught(rng: np.random.Generator) -> None:
    """Caught as reading what nobody wrote: the tile has a column to spare, so the index itself is inside."""
    wrong = planted(tiles, "uint32(y + uint32(i))", "uint32(y + uint32(i + 1))")["product"]
    with pytest.raises(simulator.RaceError, match="nobody wrote"):
        run_product(wrong, rng)


def test_off_by_one_behind_a_tile_is_caught(rng: np.random.Generator) -> None:
    wrong = planted(tiles, "while t < DEPTH", "while t < DEPTH + 1")["product"]
    with pytest.raises(IndexError, match="outside an array"):
        run_product(wrong, rng)


def test_index_before_an_array_is_caught() -> None:
    """NumPy would take it from the end."""
    wrong = planted(convolution, "0 <= h and h < H", "h < H")["conv2d"]
    shape = products.geometry((1, 1, 3, 3), 1, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1, False)
    x, out = memory.upload(np.ones(9, np.float32)), memory.empty(9, np.float32)
    with pytest.raises(IndexError, match="outside an array"):
        wrong(*products.forward(shape, out, x, x, None, False)[1])


def test_two_writers_of_one_element_are_caught() -> None:
    wrong = planted(sums, "out[i] = total", "out[0] = total")["fold"]
    array = memory.upload(np.ones(4, np.float32))
    with pytest.raises(simulator.RaceError, match="write to element 0"):
        wrong(*products.folded(memory.empty(4, np.float32), array, 4, 1)[1])


def test_reading_what_another_thread_of_the_launch_wrote_is_caught() -> None:
    wrong = planted(sums, "out[i] = total", "out[i] = total + out[int32(i - i % 2)]")["fold"]
    array = memory.upload(np.ones(4, np.float32))
    with pytest.raises(simulator.RaceError, match="thread 1 reads what 0 wrote in the same launch"):
        wrong(*products.folded(memory.empty(4, np.float32), array, 4, 1)[1])


def test_shared_memory_refuses_an_index_outside_it_and_keeps_its_dtype() -> None:
    shared = simulator._Shared((2, 3), np.float32, simulator._run)
    shared[1, 2] = np.float64(0.1)
    assert shared[1, 2].dtype == np.float32
    for index in [(0, 3), (2, 0), (-1, 0), (0, -1)]:
        with pytest.raises(IndexError, match="outside an array"):
            shared[index]
