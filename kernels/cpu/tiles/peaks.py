"""peak_tile: multiply-adds in registers and nothing else, to measure what the CPU can do."""

import llvmlite.ir as ir
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.parts import tile
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT64, VECTOR_BYTES, at, const

SUMS = 12  # at once: more than a multiply-add takes cycles times how many begin in a cycle, on every CPU known here
FLOAT32_LANES = VECTOR_BYTES // 4


def flop_of_round() -> int:
    """FLOP of one round in float32."""
    return 2 * SUMS * FLOAT32_LANES


def _twin(out, numbers, rounds):
    lanes = VECTOR_BYTES // out.itemsize
    sums = [out[:lanes] + out.dtype.type(i) for i in range(SUMS)]
    for _ in range(rounds):
        sums = [each * numbers[0] + numbers[1] for each in sums]
    out[:lanes] = sum(sums)


def in_rounds(builder, a, vtype, step):
    """`rounds` times a step of code, for SUMS vectors out + 0, out + 1, ...; out becomes their sum.

    They start as different vectors, or LLVM would compute one of them only.
    """
    start = vector.load(builder, a.out, vtype)
    sums = [cgutils.alloca_once(builder, vtype) for _ in range(SUMS)]
    for i, each in enumerate(sums):
        builder.store(builder.fadd(start, ir.Constant(vtype, [float(i)] * vtype.count)), each)
    with cgutils.for_range(builder, a.rounds, intp=INT64):
        for each in sums:
            builder.store(step(builder.load(each)), each)
    total = builder.load(sums[0])
    for each in sums[1:]:
        total = builder.fadd(total, builder.load(each))
    vector.store(builder, total, a.out)


@tile(_twin)
def peak_tile(builder, a, vtype):
    """`rounds` times x * numbers[0] + numbers[1]; see `in_rounds`."""
    factor, addend = (vector.splat(builder, vtype, builder.load(at(builder, a.numbers, const(i)))) for i in range(2))
    in_rounds(builder, a, vtype, lambda each: vector.multiply_add(builder, each, factor, addend))
