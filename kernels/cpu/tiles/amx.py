"""The tile for bfloat16 of AMX, which multiplies matrices that lie in registers of 16 rows of 64 bytes.

It has the arguments of the tiles in `pairs.py`, and needs two things more of its arrays: each tap of w ends with zeros,
up to a multiple of 16 pairs, and a block of filters is 32 wide.

    x: 16 pixels x 16 pairs      w: 16 pairs x 16 filters      sums: 16 pixels x 16 filters of float32
                      w6   w7
                x4    s0   s1     so two loads of x and two of w are enough for four products of 16 x 16 x 32 numbers
                x5    s2   s3

The system's leave comes before the first tile (`toolchain/bfloat16.py`). Each task configures the registers of its
thread and releases them at its end: registers in use make each switch between threads slower.
"""

from typing import Any

import llvmlite.ir as ir
import numpy as np
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.pairs import load_pairs, pair_vector, twin
from fastcnn.kernels.cpu.tiles.parts import action, store_filters, switch, tile
from fastcnn.kernels.cpu.tiles.sums import TILE_VECTORS, SumTile
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT32, INT64, at, const

INT8 = ir.IntType(8)
BYTES = INT8.as_pointer()
REGISTERS = 8
ROWS, ROW_BYTES = 16, 64  # of a register
PAIRS = 16  # in a row
PIXELS = 2 * ROWS
SUMS = ir.VectorType(ir.FloatType(), 16)
X, W = 4, 6  # the first registers of x and w; those of the sums begin at 0
ONE_HALF, TWO_HALVES, WHOLE = 1, 2, 3  # up to 16 pixels, fewer than 32, and 32


class Instructions:
    """AMX's instructions. `emit` of a test may use others that do the same in software."""

    def configure(self, builder: Any) -> None:
        """Make all registers as large as they can be, and fill them with zeros."""
        numbers = bytearray(64)
        numbers[0] = 1  # the palette: eight registers
        for register in range(REGISTERS):
            numbers[16 + 2 * register] = ROW_BYTES
            numbers[48 + register] = ROWS
        kind = ir.ArrayType(INT8, len(numbers))
        place = cgutils.alloca_once(builder, kind)
        builder.store(ir.Constant(kind, numbers), place)
        self._call(builder, "ldtilecfg", builder.bitcast(place, BYTES))

    def release(self, builder: Any) -> None:
        self._call(builder, "tilerelease")

    def load(self, builder, register, pointer, stride):
        """A register from memory, whose rows are `stride` bytes apart."""
        self._call(builder, "tileloadd64", self._number(register), builder.bitcast(pointer, BYTES), stride)

    def store(self, builder, register, pointer, stride):
        self._call(builder, "tilestored64", self._number(register), builder.bitcast(pointer, BYTES), stride)

    def multiply(self, builder, sums, x, w):
        """sums += x @ w. Denormal numbers count as zero."""
        self._call(builder, "tdpbf16ps", *map(self._number, (sums, x, w)))

    def _number(self, register):
        return ir.Constant(INT8, register)

    def _call(self, builder, name, *arguments):
        kind = ir.FunctionType(ir.VoidType(), [each.type for each in arguments])
        builder.call(vector.function(builder, f"llvm.x86.{name}", kind), arguments)


INSTRUCTIONS = Instructions()


def emit(builder: Any, a: Any, use: Instructions) -> None:
    """The tile's code with these instructions."""
    # Rows of x whose end is cut off, and the sums before the first and after the last product.
    staged = cgutils.alloca_once(builder, ir.ArrayType(SUMS, PIXELS))
    held = cgutils.alloca_once(builder, ir.ArrayType(SUMS, PIXELS * TILE_VECTORS))

    def emit_size(kind, vectors):
        halves = range(1 if kind == ONE_HALF else 2)
        _start(builder, a, use, held, halves, vectors)
        with cgutils.for_range(builder, a.taps, intp=INT64) as tap:
            x = at(builder, a.x, a.x_at, builder.load(at(builder, a.x_taps, tap.index)))
            w = at(builder, a.w, a.w_at, builder.load(at(builder, a.w_taps, tap.index)))

            def add(step, rest, direct, x=x, w=w):
                x = at(builder, x, builder.mul(step, const(2 * PAIRS)))
                w = at(builder, w, builder.mul(step, builder.mul(a.w_term, const(PAIRS))))
                if not direct:
                    _stage(builder, a, staged, x, rest)
                for half in halves:
                    if direct:
                        rows, stride = at(builder, x, builder.mul(a.x_stride, const(half * ROWS))), a.x_stride
                        use.load(builder, X + half, rows, builder.mul(stride, const(2)))
                    else:
                        use.load(builder, X + half, _row(builder, staged, const(half * ROWS)), const(ROW_BYTES))
                for v in range(vectors):
                    use.load(builder, W + v, at(builder, w, const(v * 2 * 16)), builder.mul(a.w_term, const(2)))
                for half in halves:
                    for v in range(vectors):
                        use.multiply(builder, TILE_VECTORS * half + v, X + half, W + v)

            whole, rest = builder.udiv(a.length, const(PAIRS)), builder.urem(a.length, const(PAIRS))
            with cgutils.for_range(builder, whole, intp=INT64) as step:
                add(step.index, None, kind == WHOLE)
            with builder.if_then(builder.icmp_signed(">", rest, const(0))):
                add(whole, rest, False)
        for half in halves:
            for v in range(vectors):
                place = _row(builder, held, const(half * ROWS * TILE_VECTORS + v))
                use.store(builder, TILE_VECTORS * half + v, place, const(TILE_VECTORS * ROW_BYTES))
        _finish(builder, a, held, vectors)

    few = builder.icmp_signed("<=", a.pixels, const(ROWS))
    some = builder.select(builder.icmp_signed("<", a.pixels, const(PIXELS)), const(TWO_HALVES), const(WHOLE))
    sizes = [(kind, vectors) for kind in (ONE_HALF, TWO_HALVES, WHOLE) for vectors in range(1, TILE_VECTORS + 1)]
    switch(builder, builder.select(few, const(ONE_HALF), some), a.vectors, sizes, emit_size)


def _row(builder, place, row):
    """A row of 64 bytes of memory on the stack."""
    return builder.gep(place, [const(0), row])


def _start(builder, a, use, held, halves, vectors):
    """Every sum starts with its bias: the same for all pixels, which a stride of 0 reads, or each pixel's own."""
    same = builder.icmp_signed("==", a.bias_step, const(0))
    with builder.if_else(same) as (then, otherwise):
        with then:
            for half in halves:
                for v in range(vectors):
                    start = at(builder, a.bias, a.bias_at, const(v * SUMS.count))
                    use.load(builder, TILE_VECTORS * half + v, start, const(0))
        with otherwise:
            with cgutils.for_range(builder, a.pixels, intp=INT64) as m:
                for v in range(vectors):
                    row = builder.mul(a.bias_step, m.index)
                    sums = vector.load(builder, at(builder, a.bias, a.bias_at, row, const(v * SUMS.count)), SUMS)
                    place = builder.add(builder.mul(m.index, const(TILE_VECTORS)), const(v))
                    vector.store(builder, sums, _row(builder, held, place))
            for half in halves:
                for v in range(vectors):
                    place = _row(builder, held, const(half * ROWS * TILE_VECTORS + v))
                    use.load(builder, TILE_VECTORS * half + v, place, const(TILE_VECTORS * ROW_BYTES))


def _stage(builder, a, staged, x, rest):
    """Copy a row of pairs of each pixel; from pair `rest` on they become zeros, unless it is None.

    Nothing is read after the last pixel of the tile, and a NaN after the last pair does not count.
    """
    kind = pair_vector(SUMS)
    with cgutils.for_range(builder, a.pixels, intp=INT64) as m:
        pairs = load_pairs(builder, at(builder, x, builder.mul(a.x_stride, m.index)), SUMS)
        if rest is not None:
            lanes = ir.Constant(kind, list(range(kind.count)))
            inside = builder.icmp_signed("<", lanes, vector.splat(builder, kind, builder.trunc(rest, INT32)))
            pairs = builder.select(inside, pairs, ir.Constant(kind, [0] * kind.count))
        builder.store(pairs, builder.bitcast(_row(builder, staged, m.index), kind.as_pointer()))


def _finish(builder, a, held, vectors):
    """Addend and floor, and the filters that exist of the pixels that exist."""
    floor = vector.splat(builder, SUMS, a.floor)
    with cgutils.for_range(builder, a.pixels, intp=INT64) as m:
        for v in range(vectors):
            place = _row(builder, held, builder.add(builder.mul(m.index, const(TILE_VECTORS)), const(v)))
            with builder.if_then(builder.icmp_signed("!=", a.adds, const(0))):
                row = builder.mul(a.addend_stride, m.index)
                added = vector.load(builder, at(builder, a.addend, a.addend_at, row, const(v * SUMS.count)), SUMS)
                builder.store(builder.fadd(builder.load(place), added), place)
            target = at(builder, a.out, a.out_at, builder.mul(a.out_stride, m.index), const(v * SUMS.count))
            value = vector.at_least(builder, builder.load(place), floor)
            store_filters(builder, value, target, a, v, last=v == vectors - 1)


def tile_with(name, use):
    """The tile with these instructions."""

    @tile(twin)
    def amx_tile(builder, a, _vtype):
        emit(builder, a, use)

    sizes = np.array([range(PIXELS + 1)] * TILE_VECTORS)
    return SumTile(name, amx_tile, action(use.configure), action(use.release), sizes, PIXELS)


AMX = tile_with("amx", INSTRUCTIONS)
