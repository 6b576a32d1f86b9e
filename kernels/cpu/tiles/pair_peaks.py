"""Products of bfloat16 numbers in registers and nothing else, to measure what the CPU can do. See `peaks.py`."""

from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.amx import INSTRUCTIONS, PAIRS, ROWS, W, X
from fastcnn.kernels.cpu.tiles.pairs import dot, same_pair
from fastcnn.kernels.cpu.tiles.parts import tile, values
from fastcnn.kernels.cpu.tiles.peaks import FLOAT32_LANES, SUMS, in_rounds
from fastcnn.kernels.cpu.toolchain.vector import INT64, VECTOR_BYTES, at, const

# FLOP of one round.
AVX512_FLOP = 2 * 2 * SUMS * FLOAT32_LANES
AMX_FLOP = 2 * 4 * ROWS * 16 * 2 * PAIRS


def _avx512_twin(out, numbers, rounds):
    lanes = VECTOR_BYTES // out.itemsize
    x, w = values(numbers[:2]), values(numbers[2:4])
    sums = [out[:lanes] + out.dtype.type(i) for i in range(SUMS)]
    for _ in range(rounds):
        sums = [each + x[0] * w[0] + x[1] * w[1] for each in sums]
    out[:lanes] = sum(sums)


@tile(_avx512_twin)
def avx512_peak_tile(builder, a, vtype):
    """`rounds` times + numbers[0] * numbers[2] + numbers[1] * numbers[3], of bfloat16's bits; see `in_rounds`."""
    x, w = (same_pair(builder, at(builder, a.numbers, const(2 * i)), vtype) for i in range(2))
    in_rounds(builder, a, vtype, lambda each: dot(builder, x, w, each))


def _amx_twin(out, rounds):
    out[: ROWS * 16] = 0


@tile(_amx_twin)
def amx_peak_tile(builder, a, _vtype):
    """`rounds` times four products of registers that hold zeros; the first of the sums goes to out (16, 16)."""
    INSTRUCTIONS.configure(builder)
    with cgutils.for_range(builder, a.rounds, intp=INT64):
        for half in range(2):
            for v in range(2):
                INSTRUCTIONS.multiply(builder, 2 * half + v, X + half, W + v)
    INSTRUCTIONS.store(builder, 0, a.out, const(64))
    INSTRUCTIONS.release(builder)
