"""Vectors of the CPU, as LLVM code: how wide they are, and the few operations that the tiles use.

On a convolution, plain Numba loops reach a tenth of a core's speed, because LLVM's loop vectoriser does not keep a
block of sums in registers. So `kernels/cpu/tiles` writes its inner loops as LLVM vector code with the functions of
this file. LLVM turns the same source into AVX-512, AVX2, SSE or NEON.

An array of uint16 holds bfloat16's bits: a load widens them to float32, and a store rounds.
"""

import platform
from typing import Any

import llvmlite.binding as llvm
import llvmlite.ir as ir
from numba.core import cgutils, config, types

INT64 = ir.IntType(64)
INT32 = ir.IntType(32)
INT16 = ir.IntType(16)
BIT = ir.IntType(1)


def cpu_features() -> set[str]:
    """Names of the instruction sets that Numba compiles for: NUMBA_CPU_FEATURES, or else those of the host."""
    if config.CPU_FEATURES is not None:
        return {name[1:] for name in config.CPU_FEATURES.split(",") if name.startswith("+")}
    return {name for name, present in llvm.get_host_cpu_features().items() if present}


def _vector_unit() -> tuple[int, int]:
    """Bytes in a vector register, and how many registers there are."""
    features = cpu_features()
    if platform.machine().lower() in ("aarch64", "arm64"):
        return 16, 32
    if "avx512f" in features:
        return 64, 32
    if "avx2" in features:
        return 32, 16
    return 16, 16


VECTOR_BYTES, REGISTERS = _vector_unit()
X86 = platform.machine().lower() in ("x86_64", "amd64")


def element_type(dtype: Any) -> ir.Type:
    """LLVM's type for Numba's float32 or float64."""
    return ir.FloatType() if dtype == types.float32 else ir.DoubleType()


def vector_type(dtype: Any) -> ir.VectorType:
    """A full register of float32 or float64."""
    return ir.VectorType(element_type(dtype), VECTOR_BYTES // (dtype.bitwidth // 8))


def const(n: int) -> ir.Constant:
    return ir.Constant(INT64, n)


def data_pointer(context, builder, array_type, array):
    """Where the elements of a Numba array begin."""
    return context.make_array(array_type)(context, builder, array).data


def at(builder, pointer, *terms):
    """pointer + the sum of the terms, in elements."""
    for term in terms:
        pointer = builder.gep(pointer, [term])
    return pointer


def splat(builder, vtype, scalar):
    """A vector that holds `scalar` in every lane."""
    undefined = ir.Constant(vtype, ir.Undefined)
    one = builder.insert_element(undefined, scalar, ir.Constant(INT32, 0))
    return builder.shuffle_vector(one, undefined, _lane_list([0] * vtype.count))


def load(builder, pointer, vtype):
    """A full vector from memory; only the alignment of one element is assumed."""
    if _holds_bits(pointer):
        bits = ir.VectorType(INT16, vtype.count)
        return _widened(builder, builder.load(builder.bitcast(pointer, bits.as_pointer()), align=2), vtype)
    return builder.load(builder.bitcast(pointer, vtype.as_pointer()), align=_element_bytes(vtype))


def store(builder, value, pointer):
    _store(builder, _rounded(builder, value) if _holds_bits(pointer) else value, pointer)


def _store(builder, value, pointer):
    builder.store(value, builder.bitcast(pointer, value.type.as_pointer()), align=_element_bytes(value.type))


def load_first(builder, pointer, vtype, count):
    """The first `count` lanes from memory, and zero in the others. The memory after them is not read."""
    if _holds_bits(pointer):
        return _widened(builder, _load_first(builder, pointer, ir.VectorType(INT16, vtype.count), count), vtype)
    return _load_first(builder, pointer, vtype, count)


def _load_first(builder, pointer, vtype, count):
    function = _intrinsic(
        builder,
        f"llvm.masked.load.{_suffix(vtype)}.p0",
        vtype,
        [vtype.as_pointer(), INT32, _mask_type(vtype), vtype],
    )
    source = builder.bitcast(pointer, vtype.as_pointer())
    zero = ir.Constant(vtype, [0 if vtype.element == INT16 else 0.0] * vtype.count)
    return builder.call(function, [source, _alignment(vtype), first_lanes(builder, vtype, count), zero])


def store_first(builder, value, pointer, count):
    """Write the first `count` lanes of `value`. The memory after them is not changed."""
    value = _rounded(builder, value) if _holds_bits(pointer) else value
    if VECTOR_BYTES == 64:
        _store_first(builder, value, pointer, count)
        return
    with builder.if_else(builder.icmp_signed(">=", count, const(value.type.count))) as (whole, part):
        with whole:
            _store(builder, value, pointer)
        with part:
            _store_first(builder, value, pointer, count)


def _store_first(builder, value, pointer, count):
    # With AVX-512 this is as fast as any store. With AVX2 it takes 12 cycles on AMD's CPUs, also for all lanes.
    vtype = value.type
    function = _intrinsic(
        builder,
        f"llvm.masked.store.{_suffix(vtype)}.p0",
        ir.VoidType(),
        [vtype, vtype.as_pointer(), INT32, _mask_type(vtype)],
    )
    target = builder.bitcast(pointer, vtype.as_pointer())
    builder.call(function, [value, target, _alignment(vtype), first_lanes(builder, vtype, count)])


def prefetch(builder, pointer, write=False):
    """Fetch a line of memory that will be needed soon; any address will do."""
    byte_pointer = ir.IntType(8).as_pointer()
    function = _intrinsic(builder, "llvm.prefetch.p0", ir.VoidType(), [byte_pointer, INT32, INT32, INT32])
    numbers = [ir.Constant(INT32, n) for n in (int(write), 3, 1)]
    builder.call(function, [builder.bitcast(pointer, byte_pointer), *numbers])


def opaque(builder, pointer):
    """The same pointer. LLVM does not see how it was computed, so it makes no other pointers from that."""
    llvm.initialize_native_asmparser()
    return builder.asm(ir.FunctionType(pointer.type, [pointer.type]), "", "=r,0", [pointer], False)


def chosen(builder, pair, lanes):
    """A vector of these lanes of two; the second one's follow the first one's."""
    return builder.shuffle_vector(*pair, _lane_list(list(lanes)))


def multiply_add(builder, x, y, z):
    """x * y + z, rounded once where the CPU has an instruction for that."""
    # On a CPU without fused multiply-add, fma would call a C function for every element; fmuladd does not.
    function = _intrinsic(builder, f"llvm.fmuladd.{_suffix(x.type)}", x.type, [x.type] * 3)
    return builder.call(function, [x, y, z])


def at_least(builder, value, floor):
    """max(value, floor) lane by lane; NaN stays NaN."""
    return builder.select(builder.fcmp_ordered("<", value, floor), floor, value)


def lane_sums(builder, vectors):
    """The sum of the lanes of each vector, as scalars, in the order of `vectors`.

    Two vectors are folded into one that holds the halves of both, and so on. For 20 vectors of 16 lanes this takes 60
    instructions; folding each vector alone takes 180.
    """
    vtype = vectors[0].type
    lanes = vtype.count
    rows = [(vector, [i]) for i, vector in enumerate(vectors)]  # a vector, and the input vector of each of its segments
    segment = lanes
    while segment > 1:
        half = segment // 2
        low = [base + k * segment + e for base in (0, lanes) for k in range(lanes // segment) for e in range(half)]
        high = [lane + half for lane in low]
        folded = []
        for i in range(0, len(rows), 2):
            first, owners = rows[i]
            second, more = rows[i + 1] if i + 1 < len(rows) else (first, [])
            total = builder.fadd(
                builder.shuffle_vector(first, second, _lane_list(low)),
                builder.shuffle_vector(first, second, _lane_list(high)),
            )
            folded.append((total, owners + [-1] * (lanes // segment - len(owners)) + more))
        rows, segment = folded, half
    sums = {}
    for vector, owners in rows:
        for lane, owner in enumerate(owners):
            if owner >= 0:
                sums[owner] = builder.extract_element(vector, ir.Constant(INT32, lane))
    return [sums[i] for i in range(len(vectors))]


def _lane_list(lanes):
    return ir.Constant(ir.VectorType(INT32, len(lanes)), lanes)


def _mask_type(vtype):
    return ir.VectorType(BIT, vtype.count)


def first_lanes(builder, vtype, count):
    lane = ir.Constant(ir.VectorType(INT64, vtype.count), list(range(vtype.count)))
    return builder.icmp_signed("<", lane, splat(builder, lane.type, count))


def _element_bytes(vtype):
    return {INT16: 2, ir.FloatType(): 4}.get(vtype.element, 8)


def _alignment(vtype):
    return ir.Constant(INT32, _element_bytes(vtype))


def _suffix(vtype):
    return f"v{vtype.count}{'i' if vtype.element == INT16 else 'f'}{8 * _element_bytes(vtype)}"


def _holds_bits(pointer):
    return pointer.type.pointee == INT16


def _widened(builder, bits, vtype):
    """float32 numbers from bfloat16's bits."""
    wide = builder.zext(bits, ir.VectorType(INT32, vtype.count))
    return builder.bitcast(builder.shl(wide, ir.Constant(wide.type, [16] * vtype.count)), vtype)


def _rounded(builder, numbers):
    """bfloat16's bits of float32 numbers, as `kernels/reference/bfloat16.py` has them."""
    kind = ir.VectorType(INT32, numbers.type.count)

    def same(number):
        return ir.Constant(kind, [number] * kind.count)

    bits = builder.bitcast(numbers, kind)
    upper = builder.lshr(bits, same(16))
    up = builder.add(same(0x7FFF), builder.and_(upper, same(1)))
    nearest = builder.lshr(builder.add(bits, up), same(16))
    nan = builder.fcmp_unordered("uno", numbers, numbers)
    chosen = builder.select(nan, builder.or_(upper, same(0x40)), nearest)
    return builder.trunc(chosen, ir.VectorType(INT16, kind.count))


def _intrinsic(builder, name, result, arguments):
    return function(builder, name, ir.FunctionType(result, arguments))


def function(builder, name, kind):
    """A function of LLVM by its name and type."""
    return cgutils.get_or_insert_function(builder.module, kind, name)
