"""AMX's instructions in software: the code of the AMX tile then runs on every CPU, with its own addresses and edges.

Each instruction is a call of a function that does the same with rows of memory in place of registers. Only the order in
which a product adds its terms differs.
"""

import llvmlite.ir as ir
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles import amx
from fastcnn.kernels.cpu.tiles.pairs import load_pairs, pair_vector, same_pair, widened_dot
from fastcnn.kernels.cpu.toolchain.vector import INT32, INT64, const

ROW = pair_vector(amx.SUMS)


class Software(amx.Instructions):
    def __init__(self):
        self._memory = {}  # of each function that LLVM compiles

    def configure(self, builder):
        pass

    def release(self, builder):
        pass

    def load(self, builder, register, pointer, stride):
        self._run(builder, _load, register, builder.bitcast(pointer, amx.BYTES), stride)

    def store(self, builder, register, pointer, stride):
        self._run(builder, _store, register, builder.bitcast(pointer, amx.BYTES), stride)

    def multiply(self, builder, sums, x, w):
        self._run(builder, _multiply, sums, const(x), const(w))

    def _run(self, builder, body, register, *arguments):
        if builder.function not in self._memory:
            kind = ir.ArrayType(ROW, amx.REGISTERS * amx.ROWS)
            self._memory[builder.function] = cgutils.alloca_once(builder, kind)
        rows = builder.bitcast(self._memory[builder.function], ROW.as_pointer())
        arguments = (rows, const(register), *arguments)
        kind = ir.FunctionType(ir.VoidType(), [each.type for each in arguments])
        function = cgutils.get_or_insert_function(builder.module, kind, f"amx_in_software{body.__name__}")
        if function.is_declaration:
            function.linkage = "internal"
            function.attributes.add("noinline")
            inside = ir.IRBuilder(function.append_basic_block())
            body(inside, *function.args)
            inside.ret_void()
        builder.call(function, arguments)


def _row(builder, rows, register, row):
    return builder.gep(rows, [builder.add(builder.mul(register, const(amx.ROWS)), row)])


def _load(builder, rows, register, pointer, stride):
    with cgutils.for_range(builder, const(amx.ROWS), intp=INT64) as i:
        source = builder.gep(pointer, [builder.mul(stride, i.index)])
        builder.store(load_pairs(builder, source, amx.SUMS), _row(builder, rows, register, i.index))


def _store(builder, rows, register, pointer, stride):
    with cgutils.for_range(builder, const(amx.ROWS), intp=INT64) as i:
        target = builder.gep(pointer, [builder.mul(stride, i.index)])
        value = builder.load(_row(builder, rows, register, i.index))
        builder.store(value, builder.bitcast(target, ROW.as_pointer()), align=4)


def _multiply(builder, rows, sums, x, w):
    with cgutils.for_range(builder, const(amx.ROWS), intp=INT64) as m:
        place = builder.bitcast(_row(builder, rows, sums, m.index), amx.SUMS.as_pointer())
        pixel = builder.bitcast(_row(builder, rows, x, m.index), INT32.as_pointer())
        with cgutils.for_range(builder, const(amx.PAIRS), intp=INT64) as k:
            pair = same_pair(builder, builder.gep(pixel, [k.index]), amx.SUMS)
            weights = builder.load(_row(builder, rows, w, k.index))
            builder.store(widened_dot(builder, pair, weights, builder.load(place)), place)


TILE = amx.tile_with("amx in software", Software())
