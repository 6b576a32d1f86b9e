"""The register tiles: the innermost loops of every convolution and matrix product, as LLVM vector code.

A tile keeps a small block of sums in registers while it walks over everything that is added to them, and writes each
sum once. How a convolution becomes tiles is told in `kernels/TILES.md`. There are four:

- `sum_tile`      pixels x output channels; serves convolution forward, both its gradients, and Affine's gradients;
- `pool_tile`     the same for 2x2 windows of pixels, with ReLU and max-pool before anything is written;
- `dot_tile`      pictures x outputs, with the lanes along the sum; serves Affine forward;
- `pooled_gradient_tile`  the weight gradient of a one-channel convolution behind ReLU and 2x2 max-pool.

All arrays are flat; `..._at` is where a tile begins and `..._step` how far apart two neighbours lie, in elements. A
tile trusts its caller: it checks nothing. It reads whole vectors, so arrays have a vector of slack at their end; it
writes nothing but its own elements. Beside each tile stands its twin in NumPy, which runs when Numba's compiler is
off (NUMBA_DISABLE_JIT=1) and defines what the tile does.
"""

import llvmlite.ir as ir
import numpy as np
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

from . import vector
from .jit import inner
from .vector import INT32, INT64, REGISTERS, VECTOR_BYTES, at, const

# Sums of one tile: measured on AVX-512, 24 sums of 32 registers gave 205-230 GFLOP/s, 16 sums 160-220, 28 sums spilled
# (90-190). With 16 registers, 12 sums leave room for two vectors of weights and one pixel.
TILE_PIXELS = 12 if REGISTERS == 32 else 6
TILE_VECTORS = 2
POOL_WINDOWS = 3 if REGISTERS == 32 else 1
DOT_PICTURES, DOT_OUTPUTS = (4, 5) if REGISTERS == 32 else (2, 5)
DEAD = 4  # the code of a pooled value that ReLU set to zero; 0 to 3 say which pixel of the window won
GRADIENT_ROWS = (5, 3, 1) if REGISTERS == 32 else (2, 1)  # kernel rows that a pass of pooled_gradient_tile sums up
GRADIENT_COLUMNS = (3, 5)  # kernel widths that pooled_gradient_tile is made for


def lanes(dtype: np.dtype) -> int:
    """Elements of a NumPy dtype in one vector register."""
    return VECTOR_BYTES // dtype.itemsize


def _vector(array, start, count):
    """What a tile loads: `count` elements, zeros for those that lie in the slack behind the array."""
    values = array[start : start + count]
    return values if len(values) == count else np.concatenate((values, np.zeros(count - len(values), array.dtype)))


# --- sum_tile ---------------------------------------------------------------------------------------------------


def _sum_tile_twin(
    out, out_at, out_step, x, x_at, x_step, x_term, w, w_at, w_term, x_taps, w_taps, taps, length, bias, bias_at,
    floor, pixels, vectors, valid,
):  # fmt: skip
    width = vectors * lanes(out.dtype)
    for m in range(pixels):
        total = bias[bias_at : bias_at + width].copy()
        for tap in range(taps):
            for k in range(length):
                weight_at = w_at + w_taps[tap] + k * w_term
                total += x[x_at + m * x_step + x_taps[tap] + k * x_term] * _vector(w, weight_at, width)
        total = np.where(total < floor, floor, total)
        out[out_at + m * out_step : out_at + m * out_step + valid] = total[:valid]


@intrinsic
def _sum_tile(
    context, out, out_at, out_step, x, x_at, x_step, x_term, w, w_at, w_term, x_taps, w_taps, taps, length, bias,
    bias_at, floor, pixels, vectors, valid,
):  # fmt: skip
    def codegen(context, builder, signature, args):
        a = _Arguments(context, builder, signature, args, _sum_tile_twin)
        vtype = vector.vector_type(out.dtype)

        def emit(m_count, v_count):
            acc = _accumulators(builder, vtype, m_count, v_count)
            for (m, v), total in acc.items():
                builder.store(vector.load(builder, at(builder, a.bias, a.bias_at, const(v * vtype.count)), vtype), total)
            offsets = [builder.mul(a.x_step, const(m)) for m in range(m_count)]
            _sum_over_taps(builder, a, vtype, acc, offsets)
            floor = vector.splat(builder, vtype, a.floor)
            for (m, v), total in acc.items():
                value = vector.at_least(builder, builder.load(total), floor)
                target = at(builder, a.out, a.out_at, builder.mul(a.out_step, const(m)), const(v * vtype.count))
                if v < v_count - 1:
                    vector.store(builder, value, target)
                else:
                    vector.store_first(builder, value, target, builder.sub(a.valid, const(v * vtype.count)))

        _switch(builder, [(a.pixels, TILE_PIXELS), (a.vectors, TILE_VECTORS)], emit)
        return context.get_dummy_value()

    return types.void(*_argument_types(locals(), _sum_tile_twin)), codegen


# --- pool_tile --------------------------------------------------------------------------------------------------


def _pool_tile_twin(
    out, out_at, out_step, codes, codes_at, codes_step, x, x_at, x_step, x_row, w, w_at, w_term, x_taps, w_taps, taps,
    length, bias, bias_at, windows, vectors, valid,
):  # fmt: skip
    width = vectors * lanes(out.dtype)
    for m in range(windows):
        four = np.zeros((4, width), out.dtype)
        for pixel in range(4):
            pixel_at = x_at + (2 * m + pixel % 2) * x_step + pixel // 2 * x_row
            _sum_tile_twin(
                four[pixel], 0, 0, x, pixel_at, 0, 1, w, w_at, w_term, x_taps, w_taps, taps, length, bias, bias_at,
                -np.inf, 1, vectors, width,
            )  # fmt: skip
        best, code = four[0], np.zeros(width, np.uint8)
        for pixel in range(1, 4):
            better = ~(four[pixel] <= best) & ~np.isnan(best)
            best, code = np.where(better, four[pixel], best), np.where(better, np.uint8(pixel), code)
        dead = best <= 0
        out[out_at + m * out_step : out_at + m * out_step + valid] = np.where(dead, 0, best)[:valid]
        codes[codes_at + m * codes_step : codes_at + m * codes_step + width] = np.where(dead, np.uint8(DEAD), code)


@intrinsic
def _pool_tile(
    context, out, out_at, out_step, codes, codes_at, codes_step, x, x_at, x_step, x_row, w, w_at, w_term, x_taps,
    w_taps, taps, length, bias, bias_at, windows, vectors, valid,
):  # fmt: skip
    def codegen(context, builder, signature, args):
        a = _Arguments(context, builder, signature, args, _pool_tile_twin)
        a.x_term = const(1)
        vtype = vector.vector_type(out.dtype)
        bytes_type = ir.VectorType(ir.IntType(8), vtype.count)

        def emit(w_count, v_count):
            acc = _accumulators(builder, vtype, 4 * w_count, v_count)
            for (m, v), total in acc.items():
                builder.store(vector.load(builder, at(builder, a.bias, a.bias_at, const(v * vtype.count)), vtype), total)
            right, below = a.x_step, a.x_row
            corner = [builder.mul(right, const(2 * m)) for m in range(w_count)]
            offsets = [
                builder.add(builder.add(corner[m], builder.mul(right, const(pixel % 2))), builder.mul(below, const(pixel // 2)))
                for m in range(w_count)
                for pixel in range(4)
            ]  # fmt: skip
            _sum_over_taps(builder, a, vtype, acc, offsets)
            for m in range(w_count):
                for v in range(v_count):
                    best, code = _largest_of_four(builder, [builder.load(acc[4 * m + i, v]) for i in range(4)])
                    code_at = at(builder, a.codes, a.codes_at, builder.mul(a.codes_step, const(m)), const(v * vtype.count))
                    builder.store(
                        builder.trunc(code, bytes_type), builder.bitcast(code_at, bytes_type.as_pointer()), align=1
                    )
                    target = at(builder, a.out, a.out_at, builder.mul(a.out_step, const(m)), const(v * vtype.count))
                    if v < v_count - 1:
                        vector.store(builder, best, target)
                    else:
                        vector.store_first(builder, best, target, builder.sub(a.valid, const(v * vtype.count)))

        _switch(builder, [(a.windows, POOL_WINDOWS), (a.vectors, TILE_VECTORS)], emit)
        return context.get_dummy_value()

    return types.void(*_argument_types(locals(), _pool_tile_twin)), codegen


def _largest_of_four(builder, values):
    """ReLU of the largest lane by lane, and its code: the first of equals, the first NaN, DEAD where ReLU is zero."""
    vtype = values[0].type
    code_type = ir.VectorType(INT32, vtype.count)
    best, code = values[0], ir.Constant(code_type, [0] * vtype.count)
    for i in range(1, 4):
        # "unordered or greater" lets a NaN win, "ordered" keeps the first one.
        better = builder.and_(builder.fcmp_unordered(">", values[i], best), builder.fcmp_ordered("ord", best, best))
        best = builder.select(better, values[i], best)
        code = builder.select(better, ir.Constant(code_type, [i] * vtype.count), code)
    zero = ir.Constant(vtype, [0.0] * vtype.count)
    dead = builder.fcmp_ordered("<=", best, zero)
    return builder.select(dead, zero, best), builder.select(dead, ir.Constant(code_type, [DEAD] * vtype.count), code)


# --- dot_tile ---------------------------------------------------------------------------------------------------


def _dot_tile_twin(out, out_at, out_step, x, x_at, x_step, w, w_at, w_step, length, pictures, outputs):
    for n in range(pictures):
        row = x[x_at + n * x_step : x_at + n * x_step + length]
        for k in range(outputs):
            out[out_at + n * out_step + k] += (row * w[w_at + k * w_step : w_at + k * w_step + length]).sum()


@intrinsic
def _dot_tile(context, out, out_at, out_step, x, x_at, x_step, w, w_at, w_step, length, pictures, outputs):
    def codegen(context, builder, signature, args):
        a = _Arguments(context, builder, signature, args, _dot_tile_twin)
        vtype = vector.vector_type(out.dtype)
        whole = builder.udiv(a.length, const(vtype.count))
        rest = builder.urem(a.length, const(vtype.count))

        def emit(n_count, k_count):
            acc = _accumulators(builder, vtype, n_count, k_count)
            for total in acc.values():
                builder.store(ir.Constant(vtype, [0.0] * vtype.count), total)
            x_rows = [at(builder, a.x, a.x_at, builder.mul(a.x_step, const(n))) for n in range(n_count)]
            w_rows = [at(builder, a.w, a.w_at, builder.mul(a.w_step, const(k))) for k in range(k_count)]

            def add(offset, load):
                pictures = [load(at(builder, row, offset)) for row in x_rows]
                for k in range(k_count):
                    weights = load(at(builder, w_rows[k], offset))
                    for n in range(n_count):
                        total = vector.multiply_add(builder, pictures[n], weights, builder.load(acc[n, k]))
                        builder.store(total, acc[n, k])

            with cgutils.for_range(builder, whole, intp=INT64) as loop:
                add(builder.mul(loop.index, const(vtype.count)), lambda p: vector.load(builder, p, vtype))
            with builder.if_then(builder.icmp_signed(">", rest, const(0))):
                # What lies behind the row may be NaN, and 0 * NaN is NaN: the last vector is read with a mask.
                last = builder.mul(whole, const(vtype.count))
                add(last, lambda p: vector.load_first(builder, p, vtype, rest))
            sums = vector.lane_sums(builder, [builder.load(total) for total in acc.values()])
            for (n, k), total in zip(acc, sums, strict=True):
                target = at(builder, a.out, a.out_at, builder.mul(a.out_step, const(n)), const(k))
                builder.store(builder.fadd(builder.load(target), total), target)

        # Only full and single rows: the ragged edge of a batch is cheaper than eighteen more tiles to compile.
        _switch(builder, [(a.pictures, (1, DOT_PICTURES)), (a.outputs, (1, DOT_OUTPUTS))], emit)
        return context.get_dummy_value()

    return types.void(*_argument_types(locals(), _dot_tile_twin)), codegen


# --- pooled_gradient_tile ---------------------------------------------------------------------------------------


def _pooled_gradient_tile_twin(
    grad_weight, grad_weight_at, grad_bias, grad_bias_at, x, x_at, x_row, x_down, x_right, grad, grad_at, grad_down,
    grad_right, codes, codes_at, codes_down, codes_right, down, right, width, row_step, rows, columns,
):  # fmt: skip
    count = lanes(x.dtype)
    for p in range(down):
        for q in range(right):
            code = _vector(codes, codes_at + p * codes_down + q * codes_right, count).astype(np.int64)
            grads = _vector(grad, grad_at + p * grad_down + q * grad_right, count)
            g = np.where(code < DEAD, grads, 0).astype(grad.dtype)
            grad_bias[grad_bias_at : grad_bias_at + count] += g
            pixel = x_at + p * x_down + q * x_right + code // 2 % 2 * x_row + code % 2
            for r in range(rows):
                for s in range(columns):
                    target = grad_weight_at + r * row_step + s * width
                    grad_weight[target : target + count] += g * x[pixel + r * x_row + s]


@intrinsic
def _pooled_gradient_tile(
    context, grad_weight, grad_weight_at, grad_bias, grad_bias_at, x, x_at, x_row, x_down, x_right, grad, grad_at,
    grad_down, grad_right, codes, codes_at, codes_down, codes_right, down, right, width, row_step, rows, columns,
):  # fmt: skip
    def codegen(context, builder, signature, args):
        a = _Arguments(context, builder, signature, args, _pooled_gradient_tile_twin)
        vtype = vector.vector_type(x.dtype)
        code_type = ir.VectorType(INT32, vtype.count)
        bytes_type = ir.VectorType(ir.IntType(8), vtype.count)
        zero = ir.Constant(vtype, [0.0] * vtype.count)

        def same(n):
            return ir.Constant(code_type, [n] * vtype.count)

        def emit(row_count, column_count):
            acc = _accumulators(builder, vtype, row_count, column_count)
            targets = {
                (r, s): at(builder, a.grad_weight, a.grad_weight_at, builder.mul(a.row_step, const(r)), builder.mul(a.width, const(s)))
                for r, s in acc
            }  # fmt: skip
            bias_target = at(builder, a.grad_bias, a.grad_bias_at)
            bias_acc = cgutils.alloca_once(builder, vtype)
            builder.store(vector.load(builder, bias_target, vtype), bias_acc)
            for key, total in acc.items():
                builder.store(vector.load(builder, targets[key], vtype), total)
            with (
                cgutils.for_range(builder, a.down, intp=INT64) as p,
                cgutils.for_range(builder, a.right, intp=INT64) as q,
            ):
                code_at = at(builder, a.codes, a.codes_at, builder.mul(p.index, a.codes_down), builder.mul(q.index, a.codes_right))
                code = builder.load(builder.bitcast(code_at, bytes_type.as_pointer()), align=1)
                code = builder.zext(code, code_type)
                is_right = builder.icmp_unsigned("!=", builder.and_(code, same(1)), same(0))
                is_below = builder.icmp_unsigned("!=", builder.and_(code, same(2)), same(0))
                alive = builder.icmp_unsigned("<", code, same(DEAD))
                grad_at = at(builder, a.grad, a.grad_at, builder.mul(p.index, a.grad_down), builder.mul(q.index, a.grad_right))
                g = builder.select(alive, vector.load(builder, grad_at, vtype), zero)
                builder.store(builder.fadd(builder.load(bias_acc), g), bias_acc)
                pixels = at(builder, a.x, a.x_at, builder.mul(p.index, a.x_down), builder.mul(q.index, a.x_right))

                def columns_of(r):
                    """For each column of the kernel the pixel of row r that the winner saw, left or right of its window."""
                    row = at(builder, pixels, builder.mul(a.x_row, const(r)))
                    seen = [
                        vector.splat(builder, vtype, builder.load(at(builder, row, const(s)))) for s in range(column_count + 1)
                    ]
                    return [builder.select(is_right, seen[s + 1], seen[s]) for s in range(column_count)]

                upper = columns_of(0)
                for r in range(row_count):
                    lower = columns_of(r + 1)
                    for s in range(column_count):
                        pixel = builder.select(is_below, lower[s], upper[s])
                        builder.store(vector.multiply_add(builder, g, pixel, builder.load(acc[r, s])), acc[r, s])
                    upper = lower
            vector.store(builder, builder.load(bias_acc), bias_target)
            for key, total in acc.items():
                vector.store(builder, builder.load(total), targets[key])

        _switch(builder, [(a.rows, GRADIENT_ROWS), (a.columns, GRADIENT_COLUMNS)], emit)
        return context.get_dummy_value()

    return types.void(*_argument_types(locals(), _pooled_gradient_tile_twin)), codegen


# --- shared by the tiles ------------------------------------------------------------------------------------------


class _Arguments:
    """The values of an intrinsic's arguments by name: a pointer to the elements for an array, else the scalar."""

    def __init__(self, context, builder, signature, args, twin):
        for name, kind, value in zip(_names(twin), signature.args, args, strict=True):
            is_array = isinstance(kind, types.Array)
            setattr(self, name, vector.data_pointer(context, builder, kind, value) if is_array else value)


def _names(twin):
    return twin.__code__.co_varnames[: twin.__code__.co_argcount]


def _argument_types(scope, twin):
    """The argument types of an intrinsic: arrays as they come, integers as int64, `floor` in the arrays' dtype."""
    result = []
    for name in _names(twin):
        kind = scope[name]
        if isinstance(kind, types.Array | types.IntegerLiteral):
            result.append(kind)
        else:
            result.append(scope["out"].dtype if name == "floor" else types.int64)
    return result


def _accumulators(builder, vtype, rows, columns):
    """Stack slots that LLVM turns into registers."""
    return {(m, v): cgutils.alloca_once(builder, vtype) for m in range(rows) for v in range(columns)}


def _sum_over_taps(builder, a, vtype, acc, offsets):
    """acc[m, v] += x[offsets[m] + tap + k] * w[tap + k, v], over all taps and the `length` terms behind each.

    The loop over taps stays a loop: with all 25 taps of a 5x5 kernel unrolled LLVM hoists the broadcasts and spills
    (measured: 21 us a picture instead of 8.4).
    """
    vectors = 1 + max(v for _, v in acc)
    with cgutils.for_range(builder, a.taps, intp=INT64) as tap:
        x_row = at(builder, a.x, a.x_at, builder.load(at(builder, a.x_taps, tap.index)))
        w_row = at(builder, a.w, a.w_at, builder.load(at(builder, a.w_taps, tap.index)))
        with cgutils.for_range(builder, a.length, intp=INT64) as k:
            x_term = at(builder, x_row, builder.mul(k.index, a.x_term))
            w_term = at(builder, w_row, builder.mul(k.index, a.w_term))
            weights = [vector.load(builder, at(builder, w_term, const(v * vtype.count)), vtype) for v in range(vectors)]
            for m, offset in enumerate(offsets):
                pixel = vector.splat(builder, vtype, builder.load(at(builder, x_term, offset)))
                for v in range(vectors):
                    builder.store(vector.multiply_add(builder, pixel, weights[v], builder.load(acc[m, v])), acc[m, v])


def _switch(builder, choices, emit):
    """Runs emit(first, second) for the values that two run-time numbers have: 1 to n, or one of a tuple."""
    (first, first_values), (second, second_values) = (
        (value, range(1, known + 1) if isinstance(known, int) else known) for value, known in choices
    )
    end = builder.append_basic_block("tile_end")
    key = builder.add(builder.mul(first, const(64)), second)
    switch = builder.switch(key, end)
    for i in first_values:
        for j in second_values:
            block = builder.append_basic_block(f"tile_{i}_{j}")
            switch.add_case(ir.Constant(INT64, 64 * i + j), block)
            builder.position_at_end(block)
            emit(i, j)
            builder.branch(end)
    builder.position_at_end(end)


if config.DISABLE_JIT:
    sum_tile, pool_tile, dot_tile, pooled_gradient_tile = (
        _sum_tile_twin, _pool_tile_twin, _dot_tile_twin, _pooled_gradient_tile_twin,
    )  # fmt: skip
else:
    # Functions of their own, so that the code of a tile is made once for each kernel that calls it.
    @inner
    def sum_tile(
        out, out_at, out_step, x, x_at, x_step, x_term, w, w_at, w_term, x_taps, w_taps, taps, length, bias, bias_at,
        floor, pixels, vectors, valid,
    ):  # fmt: skip
        _sum_tile(
            out, out_at, out_step, x, x_at, x_step, x_term, w, w_at, w_term, x_taps, w_taps, taps, length, bias,
            bias_at, floor, pixels, vectors, valid,
        )  # fmt: skip

    @inner
    def pool_tile(
        out, out_at, out_step, codes, codes_at, codes_step, x, x_at, x_step, x_row, w, w_at, w_term, x_taps, w_taps,
        taps, length, bias, bias_at, windows, vectors, valid,
    ):  # fmt: skip
        _pool_tile(
            out, out_at, out_step, codes, codes_at, codes_step, x, x_at, x_step, x_row, w, w_at, w_term, x_taps,
            w_taps, taps, length, bias, bias_at, windows, vectors, valid,
        )  # fmt: skip

    @inner
    def dot_tile(out, out_at, out_step, x, x_at, x_step, w, w_at, w_step, length, pictures, outputs):
        _dot_tile(out, out_at, out_step, x, x_at, x_step, w, w_at, w_step, length, pictures, outputs)

    @inner
    def pooled_gradient_tile(
        grad_weight, grad_weight_at, grad_bias, grad_bias_at, x, x_at, x_row, x_down, x_right, grad, grad_at,
        grad_down, grad_right, codes, codes_at, codes_down, codes_right, down, right, width, row_step, rows, columns,
    ):  # fmt: skip
        _pooled_gradient_tile(
            grad_weight, grad_weight_at, grad_bias, grad_bias_at, x, x_at, x_row, x_down, x_right, grad, grad_at,
            grad_down, grad_right, codes, codes_at, codes_down, codes_right, down, right, width, row_step, rows,
            columns,
        )  # fmt: skip
